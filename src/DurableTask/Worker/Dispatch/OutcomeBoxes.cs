using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Collects the outcomes of an instance's activities while a turn of it runs in memory: the next turn takes all that came, so that a
/// hundred activities that end together cost a few turns, not a hundred.
/// </summary>
/// <param name="run">Runs a turn with these outcomes and returns the activities that it started; null when it cannot, and the outcomes have
/// to go through the inbox.</param>
internal sealed class OutcomeBoxes(
    Func<IReadOnlyList<(ActivityWorkItem Activity, HistoryEvent Outcome)>, Task<IReadOnlyList<ActivityWorkItem>?>> run)
{
    private readonly Lock _gate = new();

    /// <summary>The instances of which a turn runs, each with what waits for the next one.</summary>
    private readonly Dictionary<string, Box?> _waiting = new(StringComparer.Ordinal);

    /// <summary>What the caller has to run next, when a stored turn holds the outcome; otherwise null.</summary>
    public async Task<IReadOnlyList<ActivityWorkItem>?> TryDeliverAsync(ActivityWorkItem activity, HistoryEvent outcome)
    {
        string instanceId = activity.Lock.InstanceId;
        Box? box = null;
        bool isFirst = true;
        lock (_gate)
        {
            if (_waiting.TryGetValue(instanceId, out box))
            {
                isFirst = box is null;
                box ??= new Box();
                _waiting[instanceId] = box;
                box.Outcomes.Add((activity, outcome));
            }
            else
            {
                _waiting.Add(instanceId, null);
            }
        }

        if (!isFirst)
        {
            return await box!.IsStored.Task ? [] : null;
        }

        // Who comes first runs the turn for all who share the box.
        if (box is not null)
        {
            await box.Turn.Task;
        }

        IReadOnlyList<ActivityWorkItem>? next = null;
        try
        {
            next = await run(box is null ? [(activity, outcome)] : box.Outcomes);
        }
        finally
        {
            box?.IsStored.TrySetResult(next is not null);
            BeginNext(instanceId);
        }

        return next;
    }

    private void BeginNext(string instanceId)
    {
        Box? next;
        lock (_gate)
        {
            next = _waiting[instanceId];
            if (next is null)
            {
                _waiting.Remove(instanceId);
            }
            else
            {
                _waiting[instanceId] = null;
            }
        }

        next?.Turn.TrySetResult();
    }

    private sealed class Box
    {
        public List<(ActivityWorkItem Activity, HistoryEvent Outcome)> Outcomes { get; } = [];

        /// <summary>Completes when the turn before is over. Nothing is added any more then.</summary>
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<bool> IsStored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
