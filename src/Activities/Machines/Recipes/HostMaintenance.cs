using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Takes a host out of service in the healer's eyes: no alarm when it does not answer, and no guest is brought to it.</summary>
internal sealed class HostMaintenanceOn : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "host_maintenance_on",
        RiskClass.R2,
        [MachineCauses.HypervisorDown, MachineCauses.HypervisorOvercommitted],
        [TargetKinds.Hypervisor],
        [
            new ActionParameter("by", ParameterKind.Text, "", null, null, "Who wants it, as evidence will show; empty: the incident."),
            new ActionParameter("reason", ParameterKind.Text, "", null, null, "Why, as evidence will show."),
            new ActionParameter("for", ParameterKind.Duration, "0s", "0s", "720h",
                "After which it ends by itself; 0s: when somebody ends it."),
        ],
        "The host is configured, and nobody works on it yet.",
        "Evidence of the host shows the maintenance, its beginning and who wants it.",
        "host_maintenance_off",
        [Rule("connect", "getattr")])
    {
        Summary = "Puts a host into maintenance: it raises no alarm, and gets no guest.",
        LeavesFault = true,
    };

    protected override bool NeedsHost => false;

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        await tools.Machines!.Memory.MaintenanceAsync(target.Cluster, tools.Time.GetUtcNow(), cancellationToken) is { } now
            ? EffectCheck.Yes($"host {target.Cluster} is {now.Seen()}") : EffectCheck.NotYet($"nobody works on host {target.Cluster}");

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Host.Maintenance is { } maintenance ? $"host {machine.Host.Name} is {maintenance} already" : null;

    protected override string? SilentObjection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        Objection(machine, parameters);

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        if (Objection(machine, request.Parameters) is { } objection) return Task.FromResult(Proposal.Refuse(objection));
        var span = request.Parameters.Span("for");
        return Task.FromResult(Proposal.Act(
            $"puts host {host.Name} into maintenance",
            new MaintenanceEffect(
                host.Name, request.Parameters.Given("by") ?? $"incident {request.IncidentId}", request.Parameters.Given("reason") ?? "",
                span > TimeSpan.Zero ? tools.Time.GetUtcNow() + span : null, "")));
    }
}

/// <summary>Ends the maintenance of a host, whoever began it.</summary>
internal sealed class HostMaintenanceOff : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "host_maintenance_off",
        RiskClass.R2,
        [],
        [TargetKinds.Hypervisor],
        [],
        "Somebody works on the host.",
        "Evidence of the host shows no maintenance.",
        "host_maintenance_on",
        [Rule("connect", "getattr")])
    {
        Summary = "Ends the maintenance of a host.",
    };

    protected override bool NeedsHost => false;

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        await tools.Machines!.Memory.MaintenanceAsync(target.Cluster, tools.Time.GetUtcNow(), cancellationToken) is { } now
            ? EffectCheck.NotYet($"host {target.Cluster} is {now.Seen()}") : EffectCheck.Yes($"nobody works on host {target.Cluster}");

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Host.Maintenance is null ? "nobody works on it" : null;

    protected override string? SilentObjection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        Objection(machine, parameters);

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        await tools.Machines!.Memory.MaintenanceAsync(host.Name, tools.Time.GetUtcNow(), cancellationToken) is { } now
            ? Proposal.Act(
                $"ends the maintenance of host {host.Name}", new MaintenanceEffect(host.Name, now.By, now.Reason, now.Until, now.Key))
            : Proposal.Refuse("nobody works on it");
}
