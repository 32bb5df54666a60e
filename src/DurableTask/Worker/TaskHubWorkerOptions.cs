using DurableTask.Core.Payloads;

namespace Microsoft.DurableTask.Worker;

/// <summary>How a worker uses its task hub. This type is this project's addition beside the contract.</summary>
public sealed class TaskHubWorkerOptions
{
    /// <summary>How long a lock is good for when its holder dies; renewed at a third of it. Default: 30 s; at least 1 s.</summary>
    public TimeSpan WorkItemLockTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Keep orchestrators alive in memory between turns instead of replaying the history for each. Faster; IsReplaying is false more
    /// often then, and code that is not deterministic is noticed later. Default: false.
    /// </summary>
    public bool ExtendedSessions { get; set; }

    /// <summary>Write spans of orchestrations, activities, timers and entities while somebody listens to their source. Default:
    /// true.</summary>
    public bool WritesSpans { get; set; } = true;

    /// <summary>How many instances' histories (and sessions) stay in memory. Default: 1,000 instances.</summary>
    public int MaximumCachedInstances { get; set; } = 1_000;

    /// <summary>An instance with a longer history is not kept in memory. Default: 100,000 events.</summary>
    public int MaximumCachedHistory { get; set; } = 100_000;

    /// <summary>How many events all instances in memory may have together; the least recently used are forgotten beyond it. Default:
    /// 500,000 events.</summary>
    public int MaximumCachedEvents { get; set; } = 500_000;

    /// <summary>
    /// An orchestrator whose history is longer stays alive in memory between turns, as with <see cref="ExtendedSessions"/>: replaying
    /// thousands of events for each turn would make the time of an orchestration grow with the square of its length. Default: 250 events.
    /// </summary>
    public int MaximumReplayedHistory { get; set; } = 250;

    /// <summary>
    /// How long a stop waits for running turns and activities, whose results are stored as ever. Then the tokens of the activities are
    /// cancelled. Default: 20 s.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a stop waits for activities whose token was cancelled, before it gives the locks of what still runs back to other
    /// workers. Default: 2 s.
    /// </summary>
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause between attempts to reach a hub that does not answer. Default: 5 s.</summary>
    public TimeSpan MaximumReconnectDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an orchestration of a version that this worker rejects waits for another worker. Default: 10 s.</summary>
    public TimeSpan RejectionDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a stored event, call of an activity, or message to an entity that this worker's version of the engine cannot read waits for
    /// a worker that can, looked at each <see cref="RejectionDelay"/>. When nobody has got any further by then, the instance, or the call,
    /// fails with ErrorType UnreadableWorkItem; a signal is dropped. What no version can read does not wait. Default: 1 hour.
    /// </summary>
    public TimeSpan UnreadableWorkTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// After so many workers were lost, one after the other, while they ran the same turn, activity or operation of an entity, it is not
    /// tried again: the instance, or the call, fails with ErrorType PoisonWorkItem; a signal is dropped. It is parked, not gone: a failed
    /// instance keeps its history and can be rewound when the cause is mended. An operation is lost at least 3 times, the last time by
    /// itself. Default: 50, because a process may die for reasons that are no fault of its work, many times in a row; at least 1.
    /// </summary>
    public int MaximumLostAttempts { get; set; } = 50;

    /// <summary>
    /// How many operations of one entity are stored together at most, at least 1; what else waits for it comes with the next batch.
    /// Default: no limit but a second of time.
    /// </summary>
    public int MaximumEntityOperationsPerBatch { get; set; } = int.MaxValue;

    /// <summary>What happens to large inputs, outputs, event payloads and custom statuses; the client has the same options.</summary>
    public LargePayloadOptions LargePayloads { get; } = new();

    /// <summary>How long ended instances are kept.</summary>
    public RetentionOptions Retention { get; } = new();

    /// <summary>How much of one name runs at a time, all workers together. Default: no limits.</summary>
    public ConcurrencyLimits ConcurrencyLimits { get; } = new();

    /// <summary>What orchestrators read as the Properties of their context. A replay sees what is set then. Default: nothing.</summary>
    public IDictionary<string, object?> OrchestrationProperties { get; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>Where turns and activities run: the thread pool. The simulation puts its own scheduler here.</summary>
    internal TaskScheduler WorkScheduler { get; set; } = TaskScheduler.Default;

    /// <summary>
    /// How often a worker with entity support looks for entities that are locked by orchestrations which have ended. Default: 1 minute.
    /// </summary>
    public TimeSpan OrphanedLockSweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many such locks it releases each time. Default: 1,000.</summary>
    public int MaximumOrphanedLocksPerSweep { get; set; } = 1_000;

    internal IEnumerable<string> Faults()
    {
        if (OrphanedLockSweepInterval <= TimeSpan.Zero || MaximumOrphanedLocksPerSweep < 1)
        {
            yield return $"{nameof(OrphanedLockSweepInterval)} is {OrphanedLockSweepInterval}, {nameof(MaximumOrphanedLocksPerSweep)} is "
                + $"{MaximumOrphanedLocksPerSweep}; expected more than zero for both.";
        }

        foreach (string fault in LargePayloads.Faults())
        {
            yield return $"{nameof(LargePayloads)}.{fault}";
        }

        foreach (string fault in ConcurrencyLimits.Faults())
        {
            yield return $"{nameof(ConcurrencyLimits)}.{fault}";
        }

        foreach (string fault in Retention.Faults())
        {
            yield return $"{nameof(Retention)}.{fault}";
        }

        if (WorkItemLockTimeout < TimeSpan.FromSeconds(1))
        {
            yield return $"{nameof(WorkItemLockTimeout)} is {WorkItemLockTimeout}; expected at least 1 s.";
        }

        if (MaximumCachedInstances < 0)
        {
            yield return $"{nameof(MaximumCachedInstances)} is {MaximumCachedInstances}; expected 0 or more instances.";
        }

        if (MaximumCachedHistory < 0)
        {
            yield return $"{nameof(MaximumCachedHistory)} is {MaximumCachedHistory}; expected 0 or more events.";
        }

        if (MaximumCachedEvents < 0)
        {
            yield return $"{nameof(MaximumCachedEvents)} is {MaximumCachedEvents}; expected 0 or more events.";
        }

        if (MaximumReplayedHistory < 0)
        {
            yield return $"{nameof(MaximumReplayedHistory)} is {MaximumReplayedHistory}; expected 0 or more events.";
        }

        if (MaximumEntityOperationsPerBatch < 1)
        {
            yield return $"{nameof(MaximumEntityOperationsPerBatch)} is {MaximumEntityOperationsPerBatch}; expected at least 1.";
        }

        if (MaximumLostAttempts < 1)
        {
            yield return $"{nameof(MaximumLostAttempts)} is {MaximumLostAttempts}; expected at least 1.";
        }

        if (UnreadableWorkTimeout < TimeSpan.Zero)
        {
            yield return $"{nameof(UnreadableWorkTimeout)} is {UnreadableWorkTimeout}; expected zero or more.";
        }

        if (MaximumReconnectDelay <= TimeSpan.Zero)
        {
            yield return $"{nameof(MaximumReconnectDelay)} is {MaximumReconnectDelay}; expected more than zero.";
        }

        if (RejectionDelay <= TimeSpan.Zero)
        {
            yield return $"{nameof(RejectionDelay)} is {RejectionDelay}; expected more than zero.";
        }

        if (DrainTimeout < TimeSpan.Zero)
        {
            yield return $"{nameof(DrainTimeout)} is {DrainTimeout}; expected zero or more.";
        }

        if (CancellationGrace < TimeSpan.Zero)
        {
            yield return $"{nameof(CancellationGrace)} is {CancellationGrace}; expected zero or more.";
        }
    }
}
