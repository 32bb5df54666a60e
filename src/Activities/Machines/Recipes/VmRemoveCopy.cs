using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Once the old host of a guest that was restarted elsewhere is back: keeps it from ever starting its copy.</summary>
internal sealed class VmRemoveCopy : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_remove_copy",
        RiskClass.R2,
        [MachineCauses.LeftCopy],
        [TargetKinds.VirtualMachine],
        [],
        "It was restarted on another host when this one was dead, runs there, and is off here.",
        "It is not defined here any more, and runs there.",
        null,
        [Rule("domain", "getattr", "read", "delete")])
    {
        Summary = "Removes the definition of a virtual machine from a host that was dead while it was restarted on another one.",
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var step = (CopyRemovalEffect)image.Steps[0];
        if (await tools.Host(step.Host)!.Domains.FindAsync(Guid.Parse(step.Uuid), cancellationToken) is not null)
        {
            return EffectCheck.NotYet($"it is still defined on host {step.Host}");
        }

        return tools.Host(step.Destination) is { } there
            && await there.Domains.FindAsync(Guid.Parse(step.Uuid), cancellationToken) is { Id: not null }
            ? EffectCheck.Yes($"it runs on host {step.Destination} alone")
            : EffectCheck.NotYet($"it does not run on host {step.Destination}");
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) => machine.Domain switch
    {
        { Moved: null } => "it was not restarted elsewhere",
        { Moved: { RunsThere: not true } moved } => $"it is not seen to run on host {moved.Destination}",
        { IsOff: false } domain => $"it is {domain.State} ({domain.Reason}), not off",
        _ => null,
    };

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var domain = machine.Domain!;
        var xml = await host.Domains.GetXmlAsync(Guid.Parse(domain.Uuid), inactive: true, cancellationToken);
        return Proposal.Act(
            $"removes the definition of {request.Target}, which runs on host {domain.Moved!.Destination}",
            new CopyRemovalEffect(host.Name, domain.Uuid, domain.Name, domain.Moved.Destination, xml));
    }
}
