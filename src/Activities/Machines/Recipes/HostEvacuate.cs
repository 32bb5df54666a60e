using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Starts the guests of a dead host on other ones: those that want it, whose disks are on shared storage, and of which witnesses prove that
/// the old copy is dead.
/// </summary>
internal sealed class HostEvacuate : MachineRecipe
{
    /// <summary>Guests that a refusal names.</summary>
    private const int MaxNamed = 5;

    public override ActionDescriptor Descriptor { get; } = new(
        "host_evacuate",
        RiskClass.R4,
        [MachineCauses.HypervisorDown],
        [TargetKinds.Hypervisor],
        [
            new ActionParameter("most", ParameterKind.Number, "10", "1", "50", "Guests that are restarted at most; the rest is named."),
            new ActionParameter("destination", ParameterKind.Text, "", null, null,
                "The configured name of the host that gets them; empty: for each the one with the most free memory."),
        ],
        "The host does not answer, its witnesses (Heal:Machines:Fencing) prove right before each start that the guest's old copy is dead, "
            + "the guest ran, wants to be restarted elsewhere (ha='restart'), has all its disks on shared storage, and another host has "
            + "room for it and can run it. No other host that answers runs it.",
        "Each guest that was started runs on one host alone, and has come up. Those that were not are named.",
        null,
        [
            Rule("connect", "getattr", "read", "write", "search-domains"),
            Rule("domain", "getattr", "read", "write", "start", "stop", "save"),
            Rule("storage-pool", "getattr", "read", "search-storage-vols"), Rule("storage-vol", "getattr", "read"),
        ])
    {
        Summary = "Starts the guests of a dead host on other hosts, once it is proven that they are dead. The way back is vm_live_migrate.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    protected override bool NeedsHost => false;

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var effect = (EvacuationEffect)image.Steps[0];
        var up = new List<string>();
        foreach (var guest in effect.Guests.Where(guest => !effect.NotStarted.ContainsKey(guest.Uuid)))
        {
            if (await SecondCopyAsync(tools, guest, cancellationToken) is { } other)
            {
                return EffectCheck.NotYet($"{guest.Name} runs on host {guest.Destination} and on host {other}");
            }

            var there = new TargetReference(guest.Destination, TargetKinds.VirtualMachine, "", guest.Name);
            var check = await UpAsync(tools, there, cancellationToken);
            if (!check.Reached) return EffectCheck.NotYet($"{guest.Name} on host {guest.Destination}: {check.Detail}");
            up.Add($"{guest.Name} on {guest.Destination}");
        }

        string[] left = [effect.Describe(effect.Guests), image.Facts.Text("left") ?? ""];
        var rest = string.Join("; ", left.Where(part => part.Length > 0));
        return EffectCheck.Yes($"up, each on one host: {string.Join(", ", up)}{(rest.Length > 0 ? $". Not restarted: {rest}" : "")}");
    }

    // A host that answers is no case for it; one that does not is judged by what was remembered.
    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        $"host {machine.Host.Name} answers";

    protected override string? SilentObjection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        var (name, seen) = (machine.Host.Name, machine.Evacuation);
        if (machine.Host.Refuses) return $"host {name} answers, and refuses: {machine.Host.Reason}";
        if (machine.Host.Maintenance is { } maintenance) return $"host {name} is {maintenance}";
        var setting = $"see setting {MachineFencingOptions.Section}:Hosts:{name}";
        if (seen is not { Witnesses.Count: > 0 }) return $"no witness can say that its guests are dead: {setting}";
        if (!seen.CanProve) return $"its witnesses ({string.Join(", ", seen.Witnesses)}) prove nothing by themselves: {setting}";
        if (seen.Guests.Any(guest => guest.Objection is null)) return null;
        var some = string.Join("; ", seen.Guests.Take(MaxNamed).Select(guest => $"{guest.Name}: {guest.Objection}"));
        return some.Length == 0 ? "no guest is known to have run on it" : $"no guest of it can be restarted elsewhere: {some}";
    }

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var objection = machine.Host.Reachable ? Objection(machine, request.Parameters) : SilentObjection(machine, request.Parameters);
        if (objection is not null) return Proposal.Refuse(objection);
        var placement = new EvacuationPlacement(tools.Machines!, host.Name, request.Parameters.Given("destination"));
        var (chosen, left) = await placement.ChooseAsync(request.Parameters.Number("most"), cancellationToken);
        if (chosen.Count == 0) return Proposal.Refuse($"no guest of it can be restarted elsewhere: {left}");
        var witnesses = string.Join(", ", machine.Evacuation!.Witnesses);
        var where = string.Join(", ", chosen.Select(guest => $"{guest.Name} on {guest.Destination}"));
        return Proposal.Act(
            $"fences host {host.Name} ({witnesses}) and starts {where}",
            new EvacuationEffect(host.Name, chosen)).With("left", left);
    }

    private static async Task<string?> SecondCopyAsync(ActionTools tools, GuestTransfer guest, CancellationToken cancellationToken)
    {
        foreach (var other in tools.Machines!.Hosts.All.Where(item => item.Name != guest.Destination))
        {
            try
            {
                if (await other.Domains.FindAsync(Guid.Parse(guest.Uuid), cancellationToken) is { Id: not null }) return other.Name;
            }
            catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
            {
                // What does not answer was fenced, or cannot have it: its locks are held elsewhere.
            }
        }

        return null;
    }
}
