using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Carries a recipe out: intent with pre-image in the ledger, effects one by one, effect check, confirmation. What the recipe's account may
/// not do is said as a missing permission of this action.
/// </summary>
internal sealed class RecipeAction(IRecipe recipe, ActionTools tools) : IRemedyAction
{
    /// <summary>How long one call waits for an effect to show, or for a budget to allow a step; the durable retry goes on from
    /// there.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    /// <summary>An operation that began longer ago and never ended does not keep others from the target any more.</summary>
    public static readonly TimeSpan BusyFor = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly StepSequence _sequence = new(tools, recipe.UndoesApart);
    private readonly RecipeUndo _undo = new(recipe, tools);

    public ActionDescriptor Descriptor => recipe.Descriptor;

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => recipe.Refusal(evidence, parameters);

    public Task<ActionResult> RunAsync(ActionRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Descriptor.Id, request.Key, async () =>
        {
            var row = await tools.Store.FindOperationAsync(request.Key, cancellationToken);
            if (row is null)
            {
                var (begun, refused) = await BeginAsync(request, cancellationToken);
                if (begun is null) return refused!;
                row = begun;
            }

            return Permissions.Foreign(row, Descriptor.Id) ?? await CarryOutAsync(row, request.Target, cancellationToken);
        });

    /// <summary>What an inverse meets that may pass leaves it to be done: the next call with the same key goes on with it.</summary>
    public Task<ActionResult> UndoAsync(UndoRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Descriptor.Id, request.Key, refused: ActionStatus.Failed, run: async () =>
        {
            var row = await tools.Store.FindOperationAsync(request.Key, cancellationToken);
            if (row is null)
            {
                var (begun, refused) = await _undo.BeginAsync(request, cancellationToken);
                if (begun is null) return refused!;
                row = begun;
            }

            // One row for both ends of an operation: the one that began first counts.
            if (!request.Settles && IsSettlement(row))
            {
                return Answer(request.Key, ActionStatus.Failed,
                    $"what {request.UndoneKey} kept to be undone by was given up from {row.IntendedAt:u} on") with { IsFinal = true };
            }

            return await CarryOutAsync(row, request.Target, cancellationToken);
        });

    /// <summary>The same way up to the first write, which is sent as a dry run.</summary>
    public Task<ActionResult> DryRunAsync(ActionRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Descriptor.Id, request.Key, async () =>
        {
            var (proposal, refused) = await ProposeAsync(request, cancellationToken);
            if (proposal is null) return refused!;
            var lines = new List<string>();
            foreach (var step in proposal.Steps)
            {
                var look = await step.LookAsync(tools, request.Key, cancellationToken);
                if (look.Sight is Sight.Gone or Sight.ChangedByOther) return Answer(request.Key, ActionStatus.Refused, look.Detail);
                var answer = look.Sight == Sight.NotApplied
                    ? await step.WriteAsync(tools, request.Key, look, dryRun: true, cancellationToken)
                    : WriteAnswer.Taken;
                if (answer.Kind == WriteKind.Refused) return Answer(request.Key, ActionStatus.Refused, answer.Detail);
                lines.AddRange(step.Describe().Select(line => answer.Kind == WriteKind.Later
                    ? $"{line} (not now: {answer.Detail})" : line));
            }

            return Answer(request.Key, ActionStatus.Rehearsed, $"{proposal.Summary}; would change {string.Join("; ", lines)}");
        });

    public async Task<EffectLook> LookAsync(string key, TargetReference target, CancellationToken cancellationToken)
    {
        if (await tools.Store.FindOperationAsync(key, cancellationToken) is not { State: OperationState.Confirmed } row)
        {
            return new EffectLook(VerificationVerdict.NotHealthy, $"operation {key} is not in the ledger as done");
        }

        // What is given up is not there any more, and nobody else took it away.
        if (Descriptor.SettledBy is not null && await tools.Store.FindOperationAsync($"{key}/undo", cancellationToken) is { } end
            && IsSettlement(end) && end.State != OperationState.Abandoned)
        {
            return new EffectLook(VerificationVerdict.Healthy, $"what was set aside is given up, since {end.IntendedAt:u}");
        }

        var image = ActionImage.From(row);
        for (var i = 0; i < image.Steps.Count; i++)
        {
            var stepKey = image.Steps.Count == 1 ? key : StepSequence.KeyOf(row, i);
            var look = await image.Steps[i].LookAsync(tools, stepKey, cancellationToken);
            if (look.Sight is Sight.ChangedByOther or Sight.Gone or Sight.NotApplied)
            {
                var who = look.Detail.Length > 0 ? look.Detail : $"somebody changed {image.Steps[i].Subject} back";
                return new EffectLook(VerificationVerdict.Superseded, who);
            }
        }

        var check = await recipe.CheckAsync(tools, target, image, cancellationToken);
        var verdict = check.Reached ? VerificationVerdict.Healthy
            : check.IsLost ? VerificationVerdict.BrokenAgain : VerificationVerdict.NotHealthy;
        return new EffectLook(verdict, check.Detail);
    }

    public async Task<string?> NeedAsync(string key, TargetReference target, CancellationToken cancellationToken)
    {
        if (recipe is not IEndsWithNeed ends) return "it stays until its time limit";
        var row = await tools.Store.FindOperationAsync(key, cancellationToken);
        if (row is { State: OperationState.Intended }) return "it is still being made";
        return await ends.NeedAsync(tools, target, cancellationToken);
    }

    private async Task<(Operation? Row, ActionResult? Refused)> BeginAsync(ActionRequest request, CancellationToken cancellationToken)
    {
        if (tools.Time.GetUtcNow() >= request.ExpiresAt)
        {
            return (null, Answer(request.Key, ActionStatus.Blocked, "its time limit had passed before it began"));
        }

        if (tools.Safety.Objection() is { } objection) return (null, Answer(request.Key, ActionStatus.Blocked, objection));
        var (proposal, refused) = await ProposeAsync(request, cancellationToken);
        if (proposal is null) return (null, refused);

        var image = new ActionImage(proposal.Summary, proposal.Steps, proposal.Facts, request.Parameters, request.ExpiresAt);
        var now = tools.Time.GetUtcNow();
        var row = await tools.Store.IntendUnlessBusyAsync(
            new Operation(
                request.Key, request.IncidentId, Descriptor.Id, request.Target.Key, null, OperationState.Intended, image.ToJson(), null,
                null, null, null, now),
            now - BusyFor, cancellationToken);
        return row.Key == request.Key ? (row, null) : (null, Answer(request.Key, ActionStatus.Busy, $"operation {row.Key} "
            + $"({row.ActionId}) on {request.Target} is under way since {row.IntendedAt:u}"));
    }

    private async Task<(Proposal? Proposal, ActionResult? Refused)> ProposeAsync(
        ActionRequest request, CancellationToken cancellationToken)
    {
        if (request.Target.Kind == TargetKinds.Deployment && request.ExpectedTemplateHash.Length > 0)
        {
            var live = await tools.Client.TryGetAsync<Deployment>(request.Target.Namespace, request.Target.Name, cancellationToken);
            if (live is not null && live.Metadata.Generation != request.ExpectedGeneration
                && DeploymentFacts.TemplateHash(live) != request.ExpectedTemplateHash)
            {
                return (null, Answer(request.Key, ActionStatus.ChangedByOther,
                    $"{TemplateReplacement.Who(live)} changed {request.Target} after it was diagnosed"));
            }
        }

        var proposal = await recipe.ProposeAsync(tools, request, cancellationToken);
        if (proposal.Status != ActionStatus.Applied) return (null, Answer(request.Key, proposal.Status, proposal.Summary));
        return proposal.Steps.Count > 0 ? (proposal, null) : (null, Answer(request.Key, ActionStatus.Refused, "there is nothing to do"));
    }

    private async Task<ActionResult> CarryOutAsync(Operation row, TargetReference target, CancellationToken cancellationToken)
    {
        if (row.State != OperationState.Intended) return Told(row);
        var image = ActionImage.From(row);
        var isUndo = row.Undoes is not null;
        DateTimeOffset? provenUntil = isUndo ? null : row.IntendedAt + Descriptor.BeginsWithin;
        var start = tools.Time.GetTimestamp();
        while (true)
        {
            var outcome = await _sequence.RunAsync(row, image, provenUntil, cancellationToken);
            string waitsFor;
            switch (outcome.Kind)
            {
                case StepKind.Ended:
                    return Told(outcome.Row!);
                case StepKind.Stopped when isUndo && outcome.Status.MayPass():
                    return Answer(row.Key, OfUndo(outcome.Status), outcome.Detail);
                case StepKind.Stopped:
                    return await EndAsync(row, outcome, cancellationToken);
                case StepKind.Waits:
                    waitsFor = outcome.Detail;
                    if (!isUndo && IsOverdue(row)) return await GiveUpAsync(row, image, outcome, cancellationToken);
                    break;
                default:
                    var check = await CheckAsync(row, target, image, cancellationToken);
                    if (check is null)
                    {
                        var blind = EffectCheck.NotYet($"made, but a permission is missing to see its effect (see {Descriptor.Id})");
                        return await ConfirmAsync(row, image, outcome, target, ActionStatus.NoEffect, blind, cancellationToken);
                    }

                    if (check.Reached)
                    {
                        return await ConfirmAsync(row, image, outcome, target, ActionStatus.Applied, check, cancellationToken);
                    }

                    if (check.IsLost || IsOverdue(row))
                    {
                        // Whoever answers NoEffect has it undone.
                        var late = check.IsOpen ? ActionStatus.Failed : ActionStatus.NoEffect;
                        return await ConfirmAsync(row, image, outcome, target, late, check, cancellationToken);
                    }

                    waitsFor = check.Detail;
                    break;
            }

            if (tools.Time.GetElapsedTime(start) >= Window) throw new EffectPendingException(row.Key, waitsFor);
            await Task.Delay(LookEvery, tools.Time, cancellationToken);
        }
    }

    // Null when the account may not look: what was made cannot be proven then, and is not claimed.
    private async Task<EffectCheck?> CheckAsync(
        Operation row, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        try
        {
            if (row.Undoes is null) return await recipe.CheckAsync(tools, target, image, cancellationToken);
            return IsSettlement(row) && recipe is ISettles settles
                ? await settles.CheckSettledAsync(tools, image, cancellationToken) : EffectCheck.Yes("as it was before");
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            return null;
        }
    }

    private bool IsSettlement(Operation row) => row.Undoes is not null && row.ActionId == Descriptor.SettledBy;

    private bool IsOverdue(Operation row) => tools.Time.GetUtcNow() - row.IntendedAt >= Descriptor.EffectWithin;

    private async Task<ActionResult> GiveUpAsync(
        Operation row, ActionImage image, SequenceOutcome outcome, CancellationToken cancellationToken)
    {
        var left = await _sequence.TakeBackAsync(row, image, image.Steps.Count, cancellationToken);
        var late = string.Create(
            CultureInfo.InvariantCulture, $"{outcome.Detail}, and did not become free in {Descriptor.EffectWithin.TotalSeconds:0} s");
        return await EndAsync(row, (outcome with { Detail = late }).With(left), cancellationToken);
    }

    // Without effect it is abandoned; with a part of it on the target it is confirmed to have taken that part.
    private async Task<ActionResult> EndAsync(Operation row, SequenceOutcome outcome, CancellationToken cancellationToken)
    {
        var end = outcome.Partial
            ? new OperationEnd(OperationState.Confirmed, outcome.Status, outcome.Detail, new JsonObject { ["partial"] = true })
            : new OperationEnd(OperationState.Abandoned, outcome.Status, outcome.Detail);
        return Told(await tools.Store.FinishAsync(row.Key, end, tools.Time.GetUtcNow(), cancellationToken));
    }

    private async Task<ActionResult> ConfirmAsync(
        Operation row, ActionImage image, SequenceOutcome outcome, TargetReference target, ActionStatus status, EffectCheck check,
        CancellationToken cancellationToken)
    {
        var post = new JsonObject { ["steps"] = new JsonArray([.. outcome.Posts.Select(item => (JsonNode)item.DeepClone())]) };
        if (target.Kind == TargetKinds.Deployment
            && await tools.Client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken) is { } live)
        {
            post["generation"] = live.Metadata.Generation;
            post["templateHash"] = DeploymentFacts.TemplateHash(live);
            post["marksTarget"] = live.Metadata.Annotation(KubernetesNames.Operation) == row.Key;
        }

        var said = outcome.Detail.Length > 0 ? $"{check.Detail} ({outcome.Detail})" : check.Detail;
        var detail = SafeText.Line($"{image.Summary}: {said}", EvidenceLimits.MessageLength);
        var end = new OperationEnd(OperationState.Confirmed, status, detail, post);
        return Told(await tools.Store.FinishAsync(row.Key, end, tools.Time.GetUtcNow(), cancellationToken));
    }

    private static ActionResult Told(Operation row) => new(
        row.Key, row.Undoes is null ? row.Status ?? ActionStatus.Failed : OfUndo(row.Status), row.Detail ?? "",
        row.PostImage.Whole("generation"), row.PostImage.Text("templateHash"), row.PostImage.IsTrue("marksTarget"))
    {
        IsFinal = row.State != OperationState.Intended,
    };

    // An earlier program gave inverses up that were refused: whoever reads Refused takes it that there was nothing to undo.
    private static ActionStatus OfUndo(ActionStatus? status) =>
        status is null or ActionStatus.Refused ? ActionStatus.Failed : status.Value;

    private static ActionResult Answer(string key, ActionStatus status, string detail) =>
        new(key, status, SafeText.Line(detail, EvidenceLimits.MessageLength));
}

/// <summary>Not done yet, and nothing has gone wrong: call again with the same key.</summary>
internal sealed class EffectPendingException(string key, string waitsFor) : Exception($"Operation '{key}' is not done yet: {waitsFor}")
{
    public string Key { get; } = key;
}
