using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Works out what takes an operation of a recipe back, and commits the intent; only where everything stands as it left
/// it.</summary>
internal sealed class RecipeUndo(IRecipe recipe, ActionTools tools)
{
    private readonly StepSequence _sequence = new(tools);

    /// <summary>Why an operation was abandoned by its inverse: it may have had an effect that the ledger never heard of.</summary>
    private const string TakenBack = "taken back before it was confirmed";

    public async Task<(Operation? Row, ActionResult? Refused)> BeginAsync(UndoRequest request, CancellationToken cancellationToken)
    {
        var undone = await tools.Store.FindOperationAsync(request.UndoneKey, cancellationToken)
            ?? await BuryAsync(request, cancellationToken);
        if (HadNoEffect(undone) || undone.ActionId != recipe.Descriptor.Id) return RefuseNothing();
        if ((request.Settles ? recipe.Descriptor.SettledBy : recipe.Descriptor.Inverse) is not { } end)
        {
            return Refuse(ActionStatus.Failed, $"'{recipe.Descriptor.Id}' cannot be {(request.Settles ? "made final" : "undone")}");
        }

        if (tools.Safety.Objection() is { } objection) return Refuse(ActionStatus.Blocked, objection);
        if (undone.State == OperationState.Intended)
        {
            // Before the look: its own retry must not make it again after that. Whoever comes here again after a kill, or to look a second
            // time, finds it abandoned for this reason, and looks at the target nevertheless.
            undone = await tools.Store.FinishAsync(
                undone.Key, new OperationEnd(OperationState.Abandoned, ActionStatus.Blocked, TakenBack), tools.Time.GetUtcNow(),
                cancellationToken);
            if (HadNoEffect(undone)) return RefuseNothing();
        }

        var image = ActionImage.From(undone);
        var (steps, isMade) = (new List<Effect>(), false);
        var posts = await _sequence.PostsAsync(undone, image, cancellationToken);
        for (var i = image.Steps.Count - 1; i >= 0; i--)
        {
            var post = posts[i] ?? await UnconfirmedAsync(undone, image, i, cancellationToken);
            if (post is null) continue;
            isMade = true;
            var step = image.Steps[i];
            if ((request.Settles ? step.Settlement(post) : step.Inverse(post)) is { } back) steps.Add(back);
        }

        if (steps.Count == 0)
        {
            return Refuse(isMade ? ActionStatus.Failed : ActionStatus.Refused,
                $"operation {request.UndoneKey} left nothing that can be undone");
        }

        var (answer, left) = await StandsAsync(request, undone, steps, cancellationToken);
        if (answer is not null) return (null, answer);

        var facts = request.Settles && recipe is ISettles settles
            ? await settles.FactsAsync(tools, steps, cancellationToken) : new JsonObject();
        var undo = new ActionImage(
            $"{(request.Settles ? "end" : "undo")} of {request.UndoneKey}{left}", steps, facts, image.Parameters, null);
        var row = await tools.Store.IntendAsync(
            new Operation(
                request.Key, request.IncidentId, end, request.Target.Key, request.UndoneKey, OperationState.Intended,
                undo.ToJson(), null, null, null, null, tools.Time.GetUtcNow()),
            cancellationToken);
        return (row, null);

        (Operation?, ActionResult?) RefuseNothing() =>
            Refuse(ActionStatus.Refused, $"operation {request.UndoneKey} had no effect: there is nothing to undo");

        (Operation?, ActionResult?) Refuse(ActionStatus status, string detail) =>
            (null, new ActionResult(request.Key, status, detail) { IsFinal = status != ActionStatus.Blocked });
    }

    private static bool HadNoEffect(Operation undone) => undone is { State: OperationState.Abandoned, Detail: not TakenBack };

    // Its time is up before it began: under its key there is now a row that says so, and it will not begin any more.
    private async Task<Operation> BuryAsync(UndoRequest request, CancellationToken cancellationToken)
    {
        var (now, nothing) = (tools.Time.GetUtcNow(), new ActionImage("", [], new JsonObject(), new Dictionary<string, string>(), null));
        var row = await tools.Store.IntendAsync(
            new Operation(
                request.UndoneKey, request.IncidentId, request.ActionId, request.Target.Key, null, OperationState.Intended,
                nothing.ToJson(), null, null, null, null, now),
            cancellationToken);
        if (row.State != OperationState.Intended || row.PreImage.Items("steps").Any()) return row;
        return await tools.Store.FinishAsync(
            row.Key, new OperationEnd(OperationState.Abandoned, ActionStatus.Blocked, "its inverse was due before it began"), now,
            cancellationToken);
    }

    // A step that was made while its process died, before the ledger knew.
    private async Task<JsonObject?> UnconfirmedAsync(Operation undone, ActionImage image, int i, CancellationToken cancellationToken)
    {
        var key = image.Steps.Count == 1 ? undone.Key : StepSequence.KeyOf(undone, i);
        if (undone.State == OperationState.Confirmed && image.Steps.Count == 1) return new JsonObject();
        if (image.Steps.Count > 1 && await tools.Store.FindOperationAsync(key, cancellationToken) is not { State: OperationState.Intended })
        {
            return null;
        }

        var look = await image.Steps[i].LookAsync(tools, key, cancellationToken);
        return look.Sight is Sight.Applied or Sight.NotApplied ? look.Post : null;
    }

    // No answer when there is something to take back that stands as it was left: only that remains of the steps, and what is left out is
    // named. One that is back already is nobody's harm, one that was changed since is not touched.
    private async Task<(ActionResult? Answer, string Left)> StandsAsync(
        UndoRequest request, Operation undone, List<Effect> steps, CancellationToken cancellationToken)
    {
        var (back, theirs, left) = (new List<Effect>(), (ActionResult?)null, "");
        foreach (var step in steps)
        {
            var look = await step.LookAsync(tools, request.Key, cancellationToken);
            if (look.Sight is Sight.ChangedByOther or Sight.Gone)
            {
                // It was made higher once more, for a while: what is under it comes to light when that ends, and is taken back then.
                var mark = look.Live?.Annotation(KubernetesNames.Operation);
                if (!request.Settles && await tools.Store.StandingOnAsync(undone, mark, cancellationToken) is { } later)
                {
                    return (new ActionResult(request.Key, ActionStatus.Blocked,
                        $"not undone yet: operation {later} has changed it since, for a while, and has to end first "
                            + $"(after {request.UndoneKey})"), "");
                }

                var status = look.Sight == Sight.Gone ? ActionStatus.TargetGone : ActionStatus.ChangedByOther;
                var what = request.Settles ? "left as it is" : "not undone";
                theirs = new ActionResult(request.Key, status, $"{what}: {look.Detail} (after {request.UndoneKey})");
                if (!recipe.UndoesApart) return (theirs, "");
                left += $", but not of {step.Subject} ({look.Detail})";
                back.Add(step);
            }
            else if (look.Sight is Sight.DoneByOther or Sight.Applied)
            {
                back.Add(step);
            }
        }

        foreach (var step in back) steps.Remove(step);
        if (steps.Count > 0) return (null, left);
        var already = request.Settles ? "nothing that was kept is left" : "everything is back as it was already";
        return (theirs ?? new ActionResult(request.Key, ActionStatus.Applied, already), "");
    }
}
