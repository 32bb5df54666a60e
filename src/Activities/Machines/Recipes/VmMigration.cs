using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Moves a running guest to another configured host, live.</summary>
internal sealed class VmLiveMigrate : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_live_migrate",
        RiskClass.R3,
        [MachineCauses.HypervisorOvercommitted, MachineCauses.DiskBroken],
        [TargetKinds.VirtualMachine, TargetKinds.Hypervisor],
        [
            new ActionParameter("domain", ParameterKind.Text, "", null, null,
                "For a hypervisor: which of its guests; empty: the one with the least memory among those that may be moved."),
            new ActionParameter("destination", ParameterKind.Text, "", null, null,
                "The configured name of the other host; empty: the one with the most free memory."),
            new ActionParameter("unsafe", ParameterKind.Flag, "false", null, null,
                "Also when libvirt cannot prove that the disks are shared. Wrong, it destroys the guest's data."),
            new ActionParameter("limit", ParameterKind.Duration, "10m", "10s", "2h", "After which the migration is aborted."),
        ],
        "It runs, no job is under way on it, the other host answers, has no running domain of this name or uuid, has the memory, and its "
            + "CPU can do what the guest's host's can.",
        "It runs on the other host, and not on this one.",
        "vm_live_migrate",
        [Rule("domain", "getattr", "read", "migrate", "write", "save"), Rule("connect", "getattr", "read", "write")])
    {
        Summary = "Moves a running virtual machine to another host.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var step = (DomainMigrateEffect)image.Steps[0];
        if (tools.Host(step.Host) is not { } from || tools.Host(step.Destination) is not { } to)
        {
            return EffectCheck.NotYet("one of the two hosts is not configured any more");
        }

        if (await from.Domains.FindAsync(step.Name, cancellationToken) is { Id: not null }) return EffectCheck.NotYet(
            $"it still runs on {step.Host}");
        return await to.Domains.FindAsync(step.Name, cancellationToken) is { State: DomainState.Running }
            ? EffectCheck.Yes($"it runs on {step.Destination}, and not on {step.Host}")
            : EffectCheck.NotYet($"it does not run on {step.Destination} yet");
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Domain is null ? null
        : !machine.Domain.IsRunning ? $"it is {machine.Domain.State} ({machine.Domain.Reason}), not running"
        : machine.Domain.Job is { } job ? $"it is busy with {job.Operation}"
        : !machine.Domain.Persistent ? "it is transient" : null;

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var name = request.Target.Kind == TargetKinds.VirtualMachine ? request.Target.Name : request.Parameters.Given("domain");
        var running = (await host.Domains.ListAsync(cancellationToken)).Where(item => item
            is { State: DomainState.Running, Persistent: true });
        var domain = name is null ? await SmallestAsync(tools, host, running, cancellationToken)
            : running.FirstOrDefault(item => item.Name == name);
        if (domain is null) return Proposal.Refuse(name is null ? "no guest of it may be moved"
            : $"no persistent domain '{name}' runs on it");
        var (destination, why) = await DestinationAsync(tools, host, domain, request.Parameters.Given("destination"), cancellationToken);
        return destination is null ? Proposal.Refuse(why)
            : Proposal.Act(
                $"moves domain {domain.Name} from {host.Name} to {destination.Name}",
                new DomainMigrateEffect(
                    host.Name, domain.Uuid.ToString(), domain.Name, domain.Id!.Value, destination.Name, request.Parameters.Flag("unsafe"),
                    (int)request.Parameters.Span("limit").TotalSeconds));
    }

    // Of a host's guests only those that may be acted on by themselves.
    private static async Task<DomainRecord?> SmallestAsync(
        ActionTools tools, ILibvirtHost host, IEnumerable<DomainRecord> running, CancellationToken cancellationToken)
    {
        var reader = new MachineReader(host, tools.Machines!, []);
        foreach (var domain in running.OrderBy(item => item.MaxMemoryKib).ThenBy(item => item.Name, StringComparer.Ordinal))
        {
            var (mark, _) = await reader.MarksAsync(domain.Uuid, cancellationToken);
            var setting = mark?.Setting(domain.Name) ?? tools.Machines!.Options.CurrentValue.Setting(host.Name, domain.Name);
            if (setting.Level == Autonomy.Act) return domain;
        }

        return null;
    }

    private static async Task<(ILibvirtHost? Host, string Why)> DestinationAsync(
        ActionTools tools, ILibvirtHost from, DomainRecord domain, string? wanted, CancellationToken cancellationToken)
    {
        var passed = new List<string>();
        var cpu = CpuOf(await from.GetCapabilitiesAsync(cancellationToken));
        (ILibvirtHost Host, long Free)? best = null;
        foreach (var host in tools.Machines!.Hosts.All.Where(item => item.Name != from.Name && (wanted is null || item.Name == wanted)))
        {
            try
            {
                var info = await host.GetInfoAsync(cancellationToken);
                if (await tools.Machines.Memory.MaintenanceAsync(host.Name, tools.Time.GetUtcNow(), cancellationToken) is { } maintenance)
                {
                    passed.Add($"{host.Name} is {maintenance.Seen()}");
                }
                else if (info.FreeMemoryBytes is not { } free) passed.Add($"{host.Name} does not say how much memory is free");
                else if (free < domain.MaxMemoryKib * 1024) passed.Add(Workloads.Invariant($"{host.Name} has {free} bytes free"));
                else if (await host.Domains.FindAsync(domain.Name, cancellationToken) is { } namesake
                    && (namesake.Id is not null || namesake.Uuid != domain.Uuid)) passed.Add($"{host.Name} has a domain of this name");
                else if (cpu is not null && await host.CompareCpuAsync(cpu, cancellationToken) == CpuComparison.Incompatible)
                {
                    passed.Add($"the CPU of {host.Name} cannot do what that of {from.Name} can");
                }
                else if (best is null || free > best.Value.Free)
                {
                    best = (host, free);
                }
            }
            catch (LibvirtException e)
            {
                passed.Add($"{host.Name}: {SafeText.Line(e.Reason, 100)}");
            }
        }

        return best is { } chosen ? (chosen.Host, "")
            : (null, passed.Count > 0 ? $"no host takes it: {string.Join("; ", passed)}"
                : wanted is null ? "there is no other host" : $"no libvirt host '{wanted}' is configured");
    }

    private static string? CpuOf(string capabilities) =>
        SmallXml.Read(capabilities)?.Element("host")?.Element("cpu")?.ToString(SaveOptions.DisableFormatting);
}

/// <summary>Ends a migration that does not come to an end. The guest stays where it is, and runs.</summary>
internal sealed class VmAbortMigration : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_abort_migration",
        RiskClass.R2,
        [MachineCauses.MigrationStuck],
        [TargetKinds.VirtualMachine],
        [],
        "A migration away from this host is under way, for longer than the limit.",
        "No job is under way, and the guest runs here and is up.",
        null,
        [Rule("domain", "getattr", "read", "stop", "write", "save")])
    {
        Summary = "Aborts a migration that does not come to an end.",
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        UpAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Domain!.Job is not { } job || job.Operation != "migration-out" ? "no migration away from this host is under way"
        : job.Elapsed < machine.Thresholds.MigrationStuckAfter
            ? Workloads.Invariant($"it is under way for {job.Elapsed.TotalSeconds:0} s only")
        : null;

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act(
            $"aborts the migration of {request.Target}",
            new DomainJobAbortEffect(
                host.Name, machine.Domain!.Uuid, machine.Domain.Name, machine.Domain.Job!.Operation,
                machine.At - machine.Domain.Job.Elapsed)));
}
