using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Has a pool look again at what it holds, and starts it where it is not active.</summary>
internal sealed class PoolRefresh : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "storage_pool_refresh",
        RiskClass.R2,
        [MachineCauses.StoragePoolInactive, MachineCauses.StoragePoolFilling],
        [TargetKinds.StoragePool],
        [],
        "The pool is not active, or counts as filling up by what it last knew.",
        "The pool is active, and has less in use than counts as filling up.",
        null,
        [Rule("storage-pool", "getattr", "read", "refresh", "start")])
    {
        Summary = "Has a storage pool look again at what it holds, and starts it where it is not active.",
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        await CheckPoolAsync(tools, target, cancellationToken);

    public static async Task<EffectCheck> CheckPoolAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken)
    {
        if (tools.Host(target.Cluster) is not { } host || await host.Storage.FindPoolAsync(target.Name, cancellationToken) is not { } found)
        {
            return EffectCheck.NotYet("the pool is gone");
        }

        var pool = MachineReader.Describe(found);
        if (!pool.Active) return EffectCheck.NotYet($"it is not active ({pool.State})");
        var limit = tools.Machines!.Options.CurrentValue.PoolFullPercent;
        return pool.UsedPercent < limit
            ? EffectCheck.Yes(Workloads.Invariant($"it is active and {pool.UsedPercent} % full"))
            : EffectCheck.NotYet(Workloads.Invariant($"it is {pool.UsedPercent} % full, {limit} % or more count as filling up"));
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) => null;

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act($"refreshes {request.Target}", new PoolRefreshEffect(host.Name, request.Target.Name)));
}

/// <summary>Deletes volumes that the settings allow to be deleted and that nothing uses, the largest first, until there is room.</summary>
internal sealed class PoolReclaim : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "storage_pool_reclaim",
        RiskClass.R3,
        [MachineCauses.StoragePoolFilling],
        [TargetKinds.StoragePool],
        [new ActionParameter("most", ParameterKind.Number, "5", "1", "50", "Volumes that are deleted at most.")],
        "The settings (Heal:Machines:Reclaim:<host>/<pool>) name volumes that may be deleted, and some of them is used by no domain "
            + "of the host and lies under no other volume.",
        "The volumes are gone, and the pool has less in use than counts as filling up.",
        null,
        [Rule("storage-pool", "getattr", "read", "search-storage-vols"), Rule("storage-vol", "getattr", "read", "delete")])
    {
        Summary = "Deletes volumes of a storage pool that the settings name and that nothing uses. They are gone for good.",
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        PoolRefresh.CheckPoolAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Pools is [{ Active: false } pool, ..] ? $"pool {pool.Name} is not active" : null;

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var key = $"{host.Name}/{request.Target.Name}";
        if (!tools.Machines!.Options.CurrentValue.Reclaim.TryGetValue(key, out var patterns) || patterns.Count == 0)
        {
            return Proposal.Refuse($"no volume may be deleted: see setting {MachineOptions.Section}:Reclaim:{key}");
        }

        var volumes = (await host.Storage.ListVolumesAsync(request.Target.Name, cancellationToken))
            .Where(volume => patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, volume.Name, ignoreCase: false)))
            .OrderByDescending(volume => volume.Allocation).ThenBy(volume => volume.Name, StringComparer.Ordinal);
        var steps = new List<Effect>();
        foreach (var volume in volumes)
        {
            if (steps.Count >= request.Parameters.Number("most")) break;
            if (await VolumeUse.OfAsync(tools, host.Name, volume.Path, cancellationToken) is not null) continue;
            steps.Add(new VolumeDeleteEffect(host.Name, request.Target.Name, volume.Name, volume.Path, volume.Capacity));
        }

        return steps.Count == 0 ? Proposal.Refuse("no volume that may be deleted is there and unused")
            : Proposal.Act(Workloads.Invariant($"deletes {steps.Count} volumes of {request.Target}"), steps);
    }
}

/// <summary>Restarts libvirtd on a host where it does not answer, by the command that the settings give. Guests run on without
/// it.</summary>
internal sealed class RestartLibvirtd : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "restart_libvirtd",
        RiskClass.R2,
        [MachineCauses.HypervisorDown],
        [TargetKinds.Hypervisor],
        [],
        "The host does not answer to libvirt, and the settings (Heal:Machines:RestartCommands:<host>) have a command for it.",
        "libvirt answers, and no guest that ran before is known to have died.",
        null,
        [Rule("host", "restart libvirtd")])
    {
        Summary = "Restarts libvirtd on a host where it does not answer. Guests run on meanwhile.",
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    protected override bool NeedsHost => false;

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        try
        {
            var domains = await tools.Host(target.Cluster)!.Domains.ListAsync(cancellationToken);
            var before = image.Facts["ran"]!.AsArray().Select(uuid => uuid!.GetValue<string>()).ToList();
            var dead = before.Where(uuid => domains.FirstOrDefault(domain => domain.Uuid.ToString() == uuid) is { Id: null }).ToList();
            return dead.Count == 0
                ? EffectCheck.Yes(Workloads.Invariant($"libvirt answers, and the {before.Count} guests that ran are running"))
                : EffectCheck.Yes(Workloads.Invariant(
                    $"libvirt answers; {dead.Count} of {before.Count} guests ended meanwhile, each an incident of its own"));
        }
        catch (LibvirtException e)
        {
            return EffectCheck.NotYet($"libvirt does not answer: {SafeText.Line(e.Reason, 200)}");
        }
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) => null;

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        if (machine.Host.Reachable || machine.Host.Refuses) return Proposal.Refuse("libvirt answers");
        if (!tools.Machines!.Options.CurrentValue.RestartCommands.ContainsKey(host.Name))
        {
            return Proposal.Refuse($"no command restarts it: see setting {MachineOptions.Section}:RestartCommands:{host.Name}");
        }

        var known = await tools.Machines.Memory.OfHostAsync(host.Name, cancellationToken);
        return Proposal.Act($"restarts libvirtd on {host.Name}", new DaemonRestartEffect(host.Name))
            .With("ran", new JsonArray([.. known.Where(record => record.State is "running" or "blocked" or "paused")
                .Select(record => (JsonNode)record.Uuid)]));
    }
}
