using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes the effects of an operation one after the other. A single one uses the operation's own row; several have a row each, under the
/// operation's key and their number. When one stops, those before it are taken back, as far as they can be. An inverse that meets what may
/// pass is left as it is, and goes on from there when it is asked for again.
/// </summary>
/// <param name="apart">See <see cref="IRecipe.UndoesApart"/>.</param>
internal sealed class StepSequence(ActionTools tools, bool apart = false)
{
    private readonly StepRunner _runner = new(tools);

    /// <param name="provenUntil">Its first effect is not begun after this.</param>
    public async Task<SequenceOutcome> RunAsync(
        Operation row, ActionImage image, DateTimeOffset? provenUntil, CancellationToken cancellationToken)
    {
        if (image.Steps is [var only])
        {
            var single = await _runner.RunAsync(row, only, image.ExpiresAt, cancellationToken, provenUntil);
            var outcome = new SequenceOutcome(single.Kind, single.Status, single.Detail, [single.Post], single.Row);
            return single.Kind == StepKind.Stopped ? await StoppedAsync(row, image, 0, outcome, cancellationToken) : outcome;
        }

        var (posts, left) = (new List<JsonObject>(), new List<string>());
        for (var i = 0; i < image.Steps.Count; i++)
        {
            var step = await StepAsync(row, image, i, i == 0 ? provenUntil : null, cancellationToken);
            if (step.Kind == StepKind.Waits) return new SequenceOutcome(step.Kind, step.Status, step.Detail, posts);
            if (step.Kind == StepKind.Stopped)
            {
                // Others changed it after the inverse began.
                if (apart && row.Undoes is not null && !step.Status.MayPass() && left.Count + 1 < image.Steps.Count)
                {
                    left.Add($"{image.Steps[i].Subject} ({step.Detail})");
                    continue;
                }

                var stopped = new SequenceOutcome(step.Kind, step.Status, step.Detail, posts);
                return await StoppedAsync(row, image, i, stopped, cancellationToken);
            }

            posts.Add(step.Post);
        }

        return new SequenceOutcome(StepKind.Made, ActionStatus.Applied, left.Count == 0 ? "" : $"but not of {Some(left)}", posts);
    }

    /// <summary>
    /// Takes the effects before a number back, the last first. Those that cannot be are named. Once a step has begun what nothing calls
    /// off, nothing is taken back: the steps before it are what it goes on under.
    /// </summary>
    public async Task<Remainder> TakeBackAsync(Operation row, ActionImage image, int before, CancellationToken cancellationToken)
    {
        if (await BegunAsync(row, image, cancellationToken) is { } begun) return begun;
        var (back, remains) = (0, new List<string>());
        for (var i = before - 1; i >= 0; i--)
        {
            var made = await tools.Store.FindOperationAsync(KeyOf(row, i), cancellationToken);
            if (made?.State != OperationState.Confirmed) continue;
            if (image.Steps[i].Inverse(made.PostImage ?? new JsonObject()) is not { } inverse)
            {
                remains.Add(image.Steps[i].Subject);
                continue;
            }

            var undo = await IntendAsync(row, $"{made.Key}/undo", inverse, made.Key, cancellationToken);
            var outcome = undo.State == OperationState.Intended
                ? await FinishAsync(undo, await _runner.RunAsync(undo, inverse, null, cancellationToken), isUndo: true, cancellationToken)
                : StepOutcome.Ended(undo);
            if (outcome.Status == ActionStatus.Applied) back++;
            else remains.Add($"{image.Steps[i].Subject} ({outcome.Detail})");
        }

        var detail = back == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {back} earlier steps were taken back");
        return new Remainder(remains.Count > 0, remains.Count == 0 ? detail : $"{detail}; what stays: {Some(remains)}");
    }

    /// <summary>What each step left, in order, as far as they are confirmed; for one without a row of its own, the operation's.</summary>
    public async Task<IReadOnlyList<JsonObject?>> PostsAsync(Operation row, ActionImage image, CancellationToken cancellationToken)
    {
        if (image.Steps.Count == 1) return [row.PostImage.Items("steps").FirstOrDefault()];
        var posts = new List<JsonObject?>();
        for (var i = 0; i < image.Steps.Count; i++)
        {
            var step = await tools.Store.FindOperationAsync(KeyOf(row, i), cancellationToken);
            posts.Add(step?.State == OperationState.Confirmed ? step.PostImage : null);
        }

        return posts;
    }

    public static string KeyOf(Operation row, int step) => KeyOf(row.Key, step);

    public static string KeyOf(string operation, int step) => string.Create(CultureInfo.InvariantCulture, $"{operation}/{step + 1}");

    /// <summary>Whether a key is that of a later step of the same operation, which is not begun before the earlier one is done.</summary>
    public static bool IsAfter(string key, string earlier) =>
        Split(key) is { } later && Split(earlier) is { } first && later.Operation == first.Operation && later.Number > first.Number;

    private static (string Operation, int Number)? Split(string key)
    {
        var slash = key.LastIndexOf('/');
        return slash > 0 && int.TryParse(key.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (key[..slash], number) : null;
    }

    private async Task<SequenceOutcome> StoppedAsync(
        Operation row, ActionImage image, int step, SequenceOutcome stopped, CancellationToken cancellationToken) =>
        row.Undoes is not null && stopped.Status.MayPass()
            ? stopped : stopped.With(await TakeBackAsync(row, image, step, cancellationToken));

    // Null: no step has begun what nothing calls off.
    private async Task<Remainder?> BegunAsync(Operation row, ActionImage image, CancellationToken cancellationToken)
    {
        var made = new List<string>();
        for (var i = 0; i < image.Steps.Count; i++)
        {
            var state = image.Steps.Count == 1
                ? row.State : (await tools.Store.FindOperationAsync(KeyOf(row, i), cancellationToken))?.State;
            if (state == OperationState.Confirmed) made.AddRange(image.Steps[i].Describe());
            if (state != OperationState.Intended) continue;
            if (await image.Steps[i].BegunAsync(tools, cancellationToken) is not { } begun) continue;
            var kept = made.Count == 0 ? "" : $"; so what was done before it stays: {Some(made)}";
            return new Remainder(true, $"; {begun}{kept}", HasBegun: true);
        }

        return null;
    }

    private async Task<StepOutcome> StepAsync(
        Operation row, ActionImage image, int i, DateTimeOffset? provenUntil, CancellationToken cancellationToken)
    {
        var step = await IntendAsync(row, KeyOf(row, i), image.Steps[i], null, cancellationToken);
        if (step.State == OperationState.Confirmed) return new StepOutcome(StepKind.Made, ActionStatus.Applied, "", step.PostImage!);
        if (step.State == OperationState.Abandoned) return StepOutcome.Ended(step) with { Kind = StepKind.Stopped };
        var outcome = await _runner.RunAsync(step, image.Steps[i], image.ExpiresAt, cancellationToken, provenUntil);

        // What has begun is not without effect, whatever stopped it: what becomes of it only the target knows.
        return outcome.Kind == StepKind.Stopped && await image.Steps[i].BegunAsync(tools, cancellationToken) is not null
            ? outcome : await FinishAsync(step, outcome, row.Undoes is not null, cancellationToken);
    }

    // Rows of steps are kept under a target of their own: they are no operations that the safety limits count.
    private Task<Operation> IntendAsync(Operation row, string key, Effect effect, string? undoes, CancellationToken cancellationToken) =>
        tools.Store.IntendAsync(
            new Operation(
                key, row.IncidentId, row.ActionId, $"step/{row.TargetKey}", undoes, OperationState.Intended, effect.ToJson(), null, null,
                null, null, tools.Time.GetUtcNow()),
            cancellationToken);

    private async Task<StepOutcome> FinishAsync(
        Operation step, StepOutcome outcome, bool isUndo, CancellationToken cancellationToken)
    {
        var end = outcome.Kind switch
        {
            StepKind.Stopped when isUndo && outcome.Status.MayPass() => null,
            StepKind.Made => new OperationEnd(OperationState.Confirmed, ActionStatus.Applied, outcome.Detail, outcome.Post),
            StepKind.Stopped => new OperationEnd(OperationState.Abandoned, outcome.Status, outcome.Detail),
            _ => null,
        };
        if (end is null) return outcome.Kind == StepKind.Ended ? Again(outcome) : outcome;
        var now = await tools.Store.FinishAsync(step.Key, end, tools.Time.GetUtcNow(), cancellationToken);
        return now.State == end.State ? outcome : Again(StepOutcome.Ended(now));
    }

    // Another worker finished the step meanwhile: what it found counts.
    private static StepOutcome Again(StepOutcome ended) =>
        ended with { Kind = ended.Row!.State == OperationState.Confirmed ? StepKind.Made : StepKind.Stopped };

    private static string Some(List<string> items)
    {
        const int Shown = 5;
        var more = items.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $" and {items.Count - Shown} more") : "";
        return string.Join(", ", items.Take(Shown)) + more;
    }
}

/// <param name="Posts">What each step left that was made.</param>
internal sealed record SequenceOutcome(
    StepKind Kind, ActionStatus Status, string Detail, IReadOnlyList<JsonObject> Posts, Operation? Row = null)
{
    /// <summary>It stopped, and part of it could not be taken back.</summary>
    public bool Partial { get; init; }

    /// <summary>As it is with what stays of it: once something has begun, it is no operation that touched nothing.</summary>
    public SequenceOutcome With(Remainder left) => this with
    {
        Status = left.HasBegun ? ActionStatus.NoEffect : Status, Detail = $"{Detail}{left.Detail}", Partial = left.Remains,
    };
}

/// <summary>What stays of an operation that stopped.</summary>
/// <param name="Detail">To follow the reason why it stopped.</param>
/// <param name="HasBegun">A step goes on by itself.</param>
internal sealed record Remainder(bool Remains, string Detail, bool HasBegun = false);
