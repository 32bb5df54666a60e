using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>
/// All that one turn of an orchestrator changes. It is stored in one transaction, or not at all.
/// </summary>
public sealed record TurnCommit
{
    /// <summary>The lock under which the turn ran.</summary>
    public required OrchestrationLock Lock { get; init; }

    /// <summary>
    /// False when the turn ran without a lock, on in-memory state whose fence is <see cref="Lock"/>'s: the commit succeeds only if
    /// nobody has locked or changed the instance since. It saves the round trip that takes the lock.
    /// </summary>
    public bool LockHeld { get; init; } = true;

    /// <summary>The execution that the turn belongs to.</summary>
    public required string ExecutionId { get; init; }

    /// <summary>The inbox messages that the turn used up, discarded ones included.</summary>
    public IReadOnlyList<long> ConsumedMessages { get; init; } = [];

    /// <summary>Activities whose outcome is in <see cref="NewHistory"/> directly instead of in a message: removed with the turn.
    /// One whose lock is lost is skipped; when another worker has locked it since, the instance's fence has moved on and the turn is
    /// refused.</summary>
    public IReadOnlyList<ActivityLock> FinishedActivities { get; init; } = [];

    /// <summary>Events to append after <see cref="HistoryCount"/> events.</summary>
    public IReadOnlyList<HistoryEvent> NewHistory { get; init; } = [];

    /// <summary>How many events the stored history has before this turn.</summary>
    public required int HistoryCount { get; init; }

    /// <summary>A rewind: <see cref="NewHistory"/> takes the place of the stored events instead of going after them.</summary>
    public bool ReplacesHistory { get; init; }

    /// <summary>Failed sub-orchestrations to rewind. One that has not failed (any more) is left alone, and this instance receives its
    /// <see cref="RewoundChild.Refusal"/>.</summary>
    public IReadOnlyList<RewoundChild> RewoundChildren { get; init; } = [];

    /// <summary>
    /// Continue-as-new: the old history is dropped, pending timers and activities with it, and the instance goes on in this execution,
    /// whose first message is the start event. <see cref="NewHistory"/> is not stored then.
    /// </summary>
    public ExecutionStartedEvent? ContinueAs { get; init; }

    /// <summary>With <see cref="ContinueAs"/>: events that nobody took. They come right after the start event, before whatever arrived
    /// meanwhile: the order of arrival outlives the execution.</summary>
    public IReadOnlyList<EventRaisedEvent> CarriedEvents { get; init; } = [];

    /// <summary>Activities to schedule; <see cref="NewHistory"/> says so too: what a worker that died had in its memory is known from
    /// there.</summary>
    public IReadOnlyList<TaskScheduledEvent> Activities { get; init; } = [];

    /// <summary>How many of <see cref="Activities"/>, from the first, to lock for this worker in the same transaction.</summary>
    public int ClaimActivities { get; init; }

    /// <summary>The lease of the claimed activities.</summary>
    public TimeSpan ClaimLease { get; init; }

    /// <summary>Timers to start: each becomes a message that is visible at its due time.</summary>
    public IReadOnlyList<TimerFiredEvent> Timers { get; init; } = [];

    /// <summary>Ids of timers to remove before they fire.</summary>
    public IReadOnlyList<int> CancelledTimers { get; init; } = [];

    /// <summary>
    /// Sub-orchestrations to create. When the id is taken by an instance that has not ended, nothing is created and this instance
    /// receives a <see cref="SubOrchestrationInstanceFailedEvent"/>; an ended instance is replaced.
    /// </summary>
    public IReadOnlyList<NewInstance> SubOrchestrations { get; init; } = [];

    /// <summary>Messages to other instances (or this one). Those to unknown or ended instances are dropped.</summary>
    public IReadOnlyList<OutgoingMessage> Messages { get; init; } = [];

    /// <summary>Messages to entities, which come to be with them.</summary>
    public IReadOnlyList<OutgoingEntityMessage> EntityMessages { get; init; } = [];

    /// <summary>The instance's status after the turn. A terminal status drops pending timers, activities and messages.</summary>
    public required OrchestrationStatus Status { get; init; }

    /// <summary>The custom status after the turn, as JSON.</summary>
    public string? CustomStatus { get; init; }

    /// <summary>The output, as JSON; only with a terminal status.</summary>
    public string? Output { get; init; }

    /// <summary>Why the instance failed; only with <see cref="OrchestrationStatus.Failed"/>.</summary>
    public FailureDetails? Failure { get; init; }
}

/// <summary>A message to an instance.</summary>
/// <param name="ExecutionId">Only this execution may consume it; null for any.</param>
public sealed record OutgoingMessage(string InstanceId, string? ExecutionId, HistoryEvent Event)
{
    /// <summary>True when only a sub-orchestration of the sender may receive it. The id alone does not say so: it may have been taken when
    /// the sub-orchestration was to be created, or may be somebody else's by now.</summary>
    public bool IsToChild { get; init; }
}

/// <summary>A failed sub-orchestration that runs again.</summary>
/// <param name="Event">Its message.</param>
/// <param name="Refusal">What its creator receives when it cannot be rewound.</param>
public sealed record RewoundChild(string InstanceId, ExecutionRewoundEvent Event, SubOrchestrationInstanceFailedEvent Refusal);

/// <summary>What a committed turn hands back.</summary>
/// <param name="Fence">The instance's fence now: the base for a turn with <see cref="TurnCommit.LockHeld"/> = false.</param>
/// <param name="Claimed">The activities that this worker now holds, in the order of <see cref="TurnCommit.Activities"/>.</param>
public sealed record TurnReceipt(long Fence, IReadOnlyList<ActivityWorkItem> Claimed);
