using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Looks at a virtual machine, storage pool or hypervisor and what stands around it. Reads only. A host that does not answer is
/// evidence, not a failure.</summary>
internal sealed class MachineCollector(MachineTools tools)
{
    public async Task<EvidenceBundle> CollectAsync(TargetReference target, CancellationToken cancellationToken)
    {
        var (options, now) = (tools.Options.CurrentValue, tools.Time.GetUtcNow());
        var setting = options.Setting(target.Cluster, target.Kind == TargetKinds.VirtualMachine ? target.Name : null);
        if (tools.Hosts.Find(target.Cluster) is not { } host)
        {
            return EvidenceBundle.Empty(target, now, exists: true, setting,
                $"no libvirt host '{target.Cluster}' is configured any more") with
            {
                Machine = Silent(target.Cluster, "it is not configured", null, options, now),
            };
        }

        var gaps = new List<string>();
        var seenAt = await tools.Memory.HostSeenAsync(host.Name, cancellationToken);
        try
        {
            var reader = new MachineReader(host, tools, gaps);
            var machine = new MachineEvidence(now, await reader.HostAsync(cancellationToken)) { Thresholds = options.Thresholds() };
            return target.Kind switch
            {
                TargetKinds.VirtualMachine => await OfDomainAsync(target, host, reader, machine, setting, seenAt, gaps, cancellationToken),
                TargetKinds.StoragePool => await OfPoolAsync(target, host, machine, setting, gaps, cancellationToken),
                _ => EvidenceBundle.Empty(target, now, exists: true, setting, [.. gaps]) with
                {
                    Machine = machine with { Pools = await reader.PoolsAsync(cancellationToken) },
                },
            };
        }
        catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
        {
            // Nobody knows then what the domain's own mark would allow: what the settings say is all there is.
            var silent = Silent(host.Name, e.Reason, seenAt, options, now);
            var maintenance = await new MachineReader(host, tools, gaps).MaintenanceAsync(cancellationToken);
            return EvidenceBundle.Empty(target, now, exists: true, setting, $"host {host.Name}: {SafeText.Line(e.Message, 200)}") with
            {
                Machine = silent with
                {
                    Host = silent.Host with { Refuses = e is LibvirtNotAdmittedException, Maintenance = maintenance },
                    Evacuation = target.Kind == TargetKinds.Hypervisor
                        ? await new GuestsLeftBehind(tools).SeeAsync(host.Name, cancellationToken) : null,
                },
            };
        }
    }

    private async Task<EvidenceBundle> OfDomainAsync(
        TargetReference target, ILibvirtHost host, MachineReader reader, MachineEvidence machine, AutonomySetting setting,
        DateTimeOffset? hostSeenAt, List<string> gaps, CancellationToken cancellationToken)
    {
        var now = machine.At;
        if (await host.Domains.FindAsync(target.Name, cancellationToken) is not { } domain)
        {
            return EvidenceBundle.Empty(target, now, exists: false, setting, [.. gaps, $"host {host.Name} has no domain of this name"]);
        }

        var (mark, operation) = await reader.MarksAsync(domain.Uuid, cancellationToken);
        var xml = await reader.DocumentAsync(domain, cancellationToken);
        var before = await tools.Memory.FindAsync(host.Name, domain.Uuid.ToString(), cancellationToken);
        var (disks, pools) = await reader.StorageAsync(domain, xml, cancellationToken);
        var described = MachineReader.Describe(domain, mark, operation, before, xml, hostSeenAt);
        if (domain.State is DomainState.Running or DomainState.Blocked)
        {
            described = described with
            {
                Job = await reader.JobAsync(domain.Uuid, cancellationToken),
                AgentAnswers = await reader.AgentAsync(domain.Uuid, xml, cancellationToken),
                Progress = await reader.ProgressAsync(domain.Uuid, xml, cancellationToken),
            };
        }

        var moves = await tools.Memory.MovesOfHostAsync(host.Name, cancellationToken);
        var move = moves.FirstOrDefault(item => item.Uuid == described.Uuid);
        described = described with { Moved = await LeftCopies.SeeAsync(tools.Hosts, move, cancellationToken) };

        return EvidenceBundle.Empty(target, now, exists: true, mark?.Setting(domain.Name) ?? setting, [.. gaps]) with
        {
            Machine = machine with { Domain = described, Disks = disks, Pools = pools, Events = before?.EventsOf(domain.Id, now) ?? [] },
        };
    }

    private static async Task<EvidenceBundle> OfPoolAsync(
        TargetReference target, ILibvirtHost host, MachineEvidence machine, AutonomySetting setting, List<string> gaps,
        CancellationToken cancellationToken) =>
        await host.Storage.FindPoolAsync(target.Name, cancellationToken) is { } pool
            ? EvidenceBundle.Empty(target, machine.At, exists: true, setting, [.. gaps]) with
            {
                Machine = machine with { Pools = [MachineReader.Describe(pool)] },
            }
            : EvidenceBundle.Empty(target, machine.At, exists: false, setting, [.. gaps, $"host {host.Name} has no pool of this name"]);

    private static MachineEvidence Silent(string host, string reason, DateTimeOffset? seenAt, MachineOptions options, DateTimeOffset now) =>
        new(now, new HypervisorEvidence(
            $"host/{host}", host, false, SafeText.Line(reason, EvidenceLimits.MessageLength), seenAt, null, null, null, null, 0, 0, null))
        {
            Thresholds = options.Thresholds(),
        };
}
