using Heal.Healing;

namespace Heal.Activities;

/// <summary>Stops a Deployment's rollout where it is, so that it does no more harm while people look; or lets it go on.</summary>
internal sealed class PauseRollout(bool pauses) : IRecipe
{
    public const string PauseId = "pause_rollout";
    public const string ResumeId = "resume_rollout";

    public ActionDescriptor Descriptor { get; } = new(
        pauses ? PauseId : ResumeId,
        RiskClass.R1,
        pauses ? [Causes.RolloutStuckAfterTemplateChange, Causes.CrashAfterTemplateChange] : [Causes.RolloutPaused],
        [TargetKinds.Deployment],
        [],
        pauses ? "A rollout is under way and not paused, and nobody else manages the Deployment."
            : "The rollout is paused, and it was the healer that paused it.",
        pauses ? "The controller has observed that the rollout is paused." : "The controller has observed that the rollout goes on.",
        pauses ? ResumeId : PauseId,
        Rules.ChangeWorkloads("deployments"))
    {
        Summary = pauses ? "Stops a rollout where it is." : "Lets a paused rollout go on.",
        LeavesFault = pauses,
        EffectWithin = TimeSpan.FromMinutes(1),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => evidence.Workload switch
    {
        null => "the Deployment was not seen",
        { Owner: { } owner } => $"it belongs to {owner.Tool} ({owner.Proof})",
        { Paused: var paused } when paused == pauses => pauses ? "the rollout is paused already" : "the rollout is not paused",
        _ => null,
    };

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(request.Target, cancellationToken);
        if (live is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(live) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        var paused = live.IsTrue("spec", "paused");
        if (paused == pauses) return Proposal.Refuse(pauses ? "the rollout is paused already" : "the rollout is not paused");
        if (pauses && Workloads.Unfinished(live) is null) return Proposal.Refuse("no rollout is under way");
        if (!pauses && !await IsOursAsync()) return Proposal.Refuse("it was not the healer that paused the rollout: somebody's intent");
        return Proposal.Act($"{(pauses ? "pauses" : "resumes")} the rollout of {request.Target}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), live, FieldChange.Of(live, pauses ? true : null, "spec", "paused")));

        async Task<bool> IsOursAsync() =>
            live.Annotation(KubernetesNames.Operation) is { } key
            && await tools.Store.FindOperationAsync(key, cancellationToken) is { ActionId: PauseId, State: OperationState.Confirmed };
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        var seen = (live.Whole("status", "observedGeneration") ?? 0) >= (live.Whole("metadata", "generation") ?? 0);
        return seen && live.IsTrue("spec", "paused") == pauses
            ? EffectCheck.Yes("the controller has observed it")
            : EffectCheck.NotYet("the controller has not observed it");
    }
}
