using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What the recipes for virtual machines share: the precondition is judged by one pure function, on evidence when planning and on
/// evidence that is collected anew right before the first effect.</summary>
internal abstract class MachineRecipe : IRecipe
{
    /// <summary>The permissions of libvirt's access driver (polkit) are named as its own: object and verbs.</summary>
    protected const string Libvirt = "libvirt";

    public abstract ActionDescriptor Descriptor { get; }

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Machine is not { } machine ? "the target is on no libvirt host"
        : !machine.Host.Reachable ? !NeedsHost ? SilentObjection(machine, parameters) : machine.Host.Refuses
            ? $"host {machine.Host.Name} refuses: {machine.Host.Reason}" : $"host {machine.Host.Name} does not answer"
        : evidence.Target.Kind == TargetKinds.VirtualMachine && machine.Domain is null ? "the domain could not be looked at"
        : Objection(machine, parameters);

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        if (tools.Machines is not { } machines || tools.Host(request.Target.Cluster) is not { } host)
        {
            return Proposal.Refuse($"no libvirt host '{request.Target.Cluster}' is configured");
        }

        var seen = await new MachineCollector(machines).CollectAsync(request.Target, cancellationToken);
        if (!seen.Exists) return Proposal.Gone(request.Target);
        if (NeedsHost && seen.Machine is { Host.Reachable: false } silent)
        {
            if (silent.Host.Refuses) throw new LibvirtForbiddenException(host.Name, 0, 0, silent.Host.Reason ?? "it does not let us in");

            // Not a refusal: nobody knows. Whoever asked asks again.
            throw new LibvirtUnreachableException(host.Name, silent.Host.Reason ?? "it does not answer");
        }

        return (NeedsHost ? Refusal(seen, request.Parameters) : null) is { } refusal
            ? Proposal.Refuse(refusal) : await ProposeAsync(tools, request, host, seen.Machine!, cancellationToken);
    }

    public abstract Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken);

    /// <summary>False for what is done to a host that does not answer.</summary>
    protected virtual bool NeedsHost => true;

    /// <summary>Why it must not be done on what was seen; null when nothing speaks against it. Pure.</summary>
    protected abstract string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters);

    /// <summary>As <see cref="Objection"/>, for a host that does not answer; of what does not need it.</summary>
    protected virtual string? SilentObjection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) => null;

    protected abstract Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken);

    protected static PermissionRule Rule(string thing, params IReadOnlyList<string> verbs) => new(Libvirt, thing, verbs);

    /// <summary>Why a person's intent forbids to have the domain run; null when none does.</summary>
    protected static string? Intent(MachineEvidence machine) => machine.Domain switch
    {
        { Desired: MachineMark.Stopped } => "it should be off",
        { State: "paused", Reason: not ("io-error" or "watchdog" or "crashed") } paused when machine.Hold is null =>
            $"it is paused ({paused.Reason}): somebody's intent",
        { Job: { } job } => $"it is busy with {job.Operation}",
        _ => null,
    };

    /// <summary>How the guest ended by a fault; null when it did not, or by somebody's intent.</summary>
    private static async Task<string?> EndedAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken)
    {
        var seen = await new MachineCollector(tools.Machines!).CollectAsync(target, cancellationToken);
        if (seen.Machine is not { Domain: { } domain } machine) return null;
        if (domain.State == "crashed") return "its kernel panicked";
        var stop = StopPolicy.Judge(machine);
        return stop.IsFault ? stop.Reason : null;
    }

    /// <summary>Whether the guest runs and has come up to its own programs: by its agent, or by counters that move.</summary>
    /// <param name="before">What had moved in the same run before it was booted again.</param>
    protected static async Task<EffectCheck> UpAsync(
        ActionTools tools, TargetReference target, CancellationToken cancellationToken, GuestProgress? before = null)
    {
        if (tools.Host(target.Cluster) is not { } host) return EffectCheck.NotYet($"host {target.Cluster} is not configured any more");
        if (await host.Domains.FindAsync(target.Name, cancellationToken) is not { } domain) return EffectCheck.NotYet("the domain is gone");
        if (domain.State is not (DomainState.Running or DomainState.Blocked))
        {
            var shown = $"it is {MachineObserver.StateOf(domain)} ({domain.Reason})";
            return await EndedAsync(tools, target, cancellationToken) is { } why
                ? EffectCheck.Lost($"{shown}: {why}") : EffectCheck.NotYet(shown);
        }

        var reader = new MachineReader(host, tools.Machines!, []);
        var xml = await reader.DocumentAsync(domain, cancellationToken);
        var agent = await reader.AgentAsync(domain.Uuid, xml, cancellationToken);
        var progress = agent == true ? null : await reader.ProgressAsync(domain.Uuid, xml, cancellationToken);
        var (proven, detail) = GuestProof.Judge(agent, before is null ? progress : progress?.Since(before));
        return proven ? EffectCheck.Yes($"it runs, and {detail}") : EffectCheck.NotYet($"it runs, but {detail}");
    }
}
