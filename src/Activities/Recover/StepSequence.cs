using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes the effects of an operation one after the other. A single one uses the operation's own row; several have a row each, under the
/// operation's key and their number. When one stops, those before it are taken back, as far as they can be.
/// </summary>
internal sealed class StepSequence(ActionTools tools)
{
    private readonly StepRunner _runner = new(tools);

    public async Task<SequenceOutcome> RunAsync(Operation row, ActionImage image, CancellationToken cancellationToken)
    {
        if (image.Steps is [var only])
        {
            var single = await _runner.RunAsync(row, only, image.ExpiresAt, cancellationToken);
            return new SequenceOutcome(single.Kind, single.Status, single.Detail, [single.Post], single.Row);
        }

        var posts = new List<JsonObject>();
        for (var i = 0; i < image.Steps.Count; i++)
        {
            var step = await StepAsync(row, image, i, cancellationToken);
            if (step.Kind == StepKind.Waits) return new SequenceOutcome(step.Kind, step.Status, step.Detail, posts);
            if (step.Kind == StepKind.Stopped)
            {
                var left = await TakeBackAsync(row, image, i, cancellationToken);
                return new SequenceOutcome(StepKind.Stopped, step.Status, $"{step.Detail}{left.Detail}", posts) { Partial = left.Remains };
            }

            posts.Add(step.Post);
        }

        return new SequenceOutcome(StepKind.Made, ActionStatus.Applied, "", posts);
    }

    /// <summary>Takes the effects before a number back, the last first. Those that cannot be are named.</summary>
    public async Task<(bool Remains, string Detail)> TakeBackAsync(
        Operation row, ActionImage image, int before, CancellationToken cancellationToken)
    {
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
                ? await FinishAsync(undo, await _runner.RunAsync(undo, inverse, null, cancellationToken), cancellationToken)
                : StepOutcome.Ended(undo);
            if (outcome.Status == ActionStatus.Applied) back++;
            else remains.Add($"{image.Steps[i].Subject} ({outcome.Detail})");
        }

        var detail = back == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {back} earlier steps were taken back");
        return (remains.Count > 0, remains.Count == 0 ? detail : $"{detail}; what stays: {Some(remains)}");
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

    private async Task<StepOutcome> StepAsync(Operation row, ActionImage image, int i, CancellationToken cancellationToken)
    {
        var step = await IntendAsync(row, KeyOf(row, i), image.Steps[i], null, cancellationToken);
        if (step.State == OperationState.Confirmed) return new StepOutcome(StepKind.Made, ActionStatus.Applied, "", step.PostImage!);
        if (step.State == OperationState.Abandoned) return StepOutcome.Ended(step) with { Kind = StepKind.Stopped };
        var outcome = await _runner.RunAsync(step, image.Steps[i], image.ExpiresAt, cancellationToken);
        return await FinishAsync(step, outcome, cancellationToken);
    }

    // Rows of steps are kept under a target of their own: they are no operations that the safety limits count.
    private Task<Operation> IntendAsync(Operation row, string key, Effect effect, string? undoes, CancellationToken cancellationToken) =>
        tools.Store.IntendAsync(
            new Operation(
                key, row.IncidentId, row.ActionId, $"step/{row.TargetKey}", undoes, OperationState.Intended, effect.ToJson(), null, null,
                null, null, tools.Time.GetUtcNow()),
            cancellationToken);

    private async Task<StepOutcome> FinishAsync(Operation step, StepOutcome outcome, CancellationToken cancellationToken)
    {
        var end = outcome.Kind switch
        {
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
}
