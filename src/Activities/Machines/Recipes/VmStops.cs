using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Asks a guest to power off, once, and waits.</summary>
internal sealed class VmShutdown : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_shutdown",
        RiskClass.R2,
        [MachineCauses.BlockJobFailed, MachineCauses.GuestMemoryShort],
        [TargetKinds.VirtualMachine],
        [],
        "It runs, and no job is under way on it.",
        "It is off.",
        "vm_start",
        [Rule("domain", "getattr", "read", "init-control", "write", "save")])
    {
        Summary = "Asks the guest of a virtual machine to power off.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        OffAsync(tools, target, cancellationToken);

    public static async Task<EffectCheck> OffAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken) =>
        tools.Host(target.Cluster) is { } host && await host.Domains.FindAsync(target.Name, cancellationToken) is { Id: not null } domain
            ? EffectCheck.NotYet($"it is {MachineObserver.StateOf(domain)} ({domain.Reason})") : EffectCheck.Yes("it is off");

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Domain is not { IsRunning: true } domain ? $"it is {machine.Domain!.State} ({machine.Domain.Reason}), not running"
        : domain.Job is { } job ? $"it is busy with {job.Operation}" : null;

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act(
            $"asks {request.Target} to power off",
            new DomainStopEffect(host.Name, machine.Domain!.Uuid, machine.Domain.Name, machine.Domain.RunId!.Value, Force: false)));
}

/// <summary>Ends a guest at once, to keep it from doing more harm. Always for people to approve.</summary>
internal sealed class VmDestroy : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_destroy",
        RiskClass.R4,
        [MachineCauses.DiskBroken, MachineCauses.GuestUnresponsive],
        [TargetKinds.VirtualMachine],
        [],
        "It runs or is paused, is persistent, and no job is under way on it.",
        "It is off.",
        "vm_start",
        [Rule("domain", "getattr", "read", "stop", "write", "save")])
    {
        Summary = "Ends a virtual machine at once. What the guest had not written is lost.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        VmShutdown.OffAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Domain!.RunId is null ? "it is off"
        : !machine.Domain.Persistent ? "it is transient: ended, it would be gone"
        : machine.Domain.Job is { } job ? $"it is busy with {job.Operation}" : null;

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act(
            $"ends {request.Target}",
            new DomainStopEffect(host.Name, machine.Domain!.Uuid, machine.Domain.Name, machine.Domain.RunId!.Value, Force: true)));
}
