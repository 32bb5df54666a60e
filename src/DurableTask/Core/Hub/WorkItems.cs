using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>Who wants to lock how much for how long.</summary>
/// <param name="WorkerId">Unique per process and start.</param>
/// <param name="MaxCount">The most work items to return.</param>
/// <param name="Lease">How long the locks are good for unless renewed.</param>
/// <param name="Only">Lock only what one of these lets pass; null for everything. An orchestration that is to be terminated is locked all
/// the same: any worker can do that, and one that would run it may never come.</param>
/// <param name="Limits">How many activities of a name may be locked at a time, or how many orchestrations of a name may have started and
/// not ended, all workers together; names in lower case. Null, or a name that is missing, for no limit. What is over a limit waits in the
/// hub, oldest first.</param>
/// <param name="IsInMemory">Says whether the worker has an instance in its memory. A hub may read the histories of the others along with
/// the locks; null: it reads none.</param>
public sealed record LockRequest(
    string WorkerId,
    int MaxCount,
    TimeSpan Lease,
    IReadOnlyList<WorkFilter>? Only = null,
    IReadOnlyDictionary<string, int>? Limits = null,
    Func<string, bool>? IsInMemory = null);

/// <summary>Lets the tasks of a name pass, whatever the case of its letters.</summary>
/// <param name="Versions">The versions that pass, "" being no version; null for all.</param>
public sealed record WorkFilter(string Name, IReadOnlyList<string>? Versions = null)
{
    public bool Passes(string? name, string? version) =>
        string.Equals(Name, name, StringComparison.OrdinalIgnoreCase)
        && (Versions is null || Versions.Contains(version ?? "", StringComparer.OrdinalIgnoreCase));
}

/// <summary>Proof that a worker may commit the next turn of an instance.</summary>
/// <param name="Fence">Grows with every lock and every commit of the instance; a stale fence can commit nothing.</param>
public sealed record OrchestrationLock(string InstanceId, string WorkerId, long Fence);

/// <summary>Proof that a worker may report an activity's outcome.</summary>
/// <param name="ActivityId">The hub's own key of the scheduled activity.</param>
/// <param name="TaskId">The sequence number of the orchestrator's call.</param>
/// <param name="Fence">Grows with every lock of the activity.</param>
public sealed record ActivityLock(long ActivityId, string InstanceId, int TaskId, string WorkerId, long Fence);

/// <summary>A message that waits for an instance.</summary>
/// <param name="Id">The hub's own key; grows with every stored message.</param>
/// <param name="ExecutionId">Only this execution may consume it (timers, activity and sub-orchestration outcomes); null for any.</param>
public sealed record InboxMessage(long Id, string? ExecutionId, HistoryEvent Event);

/// <summary>An instance that is locked for one turn.</summary>
/// <param name="HistoryCount">How many events the current execution's stored history has: together with the execution id it tells
/// whether in-memory state is still current. Load the history with <see cref="ITaskHub.GetHistoryAsync"/> when it is not.</param>
/// <param name="Messages">The visible messages by the time at which they became visible (a timer: its due time), then by id; at least
/// one. An execution's start event comes first. More than a hub's limit stay for the next turn.</param>
/// <param name="LostAttempts">How many workers were lost while they held the instance, since its last committed turn: counted up to 2
/// by the hub, from there on by <see cref="ITaskHub.SetLostAttemptsAsync(OrchestrationLock, int, CancellationToken)"/>.</param>
public sealed record OrchestrationWorkItem(
    OrchestrationLock Lock, InstanceState Instance, int HistoryCount, IReadOnlyList<InboxMessage> Messages, int LostAttempts = 0)
{
    /// <summary>The stored history, when the hub read it along; null when it did not.</summary>
    public IReadOnlyList<HistoryEvent>? History { get; init; }
}

/// <summary>An activity that is locked for execution.</summary>
/// <param name="DeliveryCount">1 at the first delivery, and one more for each worker that was lost while it held the activity: what is
/// given back is not counted.</param>
/// <param name="LostAttempts">How many workers were lost while they held the activity: counted up to 2 by the hub, from there on by
/// <see cref="ITaskHub.SetLostAttemptsAsync(ActivityLock, int, CancellationToken)"/>.</param>
/// <param name="Fault">What stands for the stored call when it cannot be read; null when it can. <paramref name="Task"/> is empty
/// then.</param>
public sealed record ActivityWorkItem(
    ActivityLock Lock, string ExecutionId, TaskScheduledEvent Task, int DeliveryCount, int LostAttempts = 0, UnreadableEvent? Fault = null)
{
    /// <summary>The activity's instance, when it was in the memory of a worker that is lost and is in nobody's now. Whoever runs the
    /// activity may go on with its turns, as if it had been here all the time. Null when it is not so, or the hub did not read it
    /// along.</summary>
    public StrandedInstance? Instance { get; init; }

    /// <summary>Makes an item of the stored text of its call. A text that cannot be read fails only this item.</summary>
    public static ActivityWorkItem Read(ActivityLock held, string executionId, string storedTask, int deliveryCount, int lostAttempts) =>
        HistorySerializer.ReadEvent(storedTask) switch
        {
            TaskScheduledEvent task => new(held, executionId, task, deliveryCount, lostAttempts),
            var other => new(
                held,
                executionId,
                new TaskScheduledEvent(held.TaskId, "", null, null),
                deliveryCount,
                lostAttempts,
                other as UnreadableEvent
                    ?? new($"expected a {nameof(TaskScheduledEvent)}, got {other.EventType}", isDamaged: true)),
        };
}

/// <summary>An instance that nobody has in memory, as it is stored.</summary>
/// <param name="Fence">What the next turn's lock must have.</param>
/// <param name="History">All events of the execution.</param>
public sealed record StrandedInstance(long Fence, string? CustomStatus, IReadOnlyList<HistoryEvent> History);

/// <summary>The locks of a renewal that are not held any more.</summary>
public sealed record LostLocks(IReadOnlyList<OrchestrationLock> Orchestrations, IReadOnlyList<ActivityLock> Activities)
{
    public static LostLocks None { get; } = new([], []);
}
