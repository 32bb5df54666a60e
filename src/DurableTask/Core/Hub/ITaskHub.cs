using System.Runtime.CompilerServices;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>
/// Everything that the engine asks of storage. One conformance suite runs against every implementation.
/// </summary>
/// <remarks>
/// Guarantees that hold whatever dies, and when:
/// a call that returned is durable; a call that threw (or never returned) was stored as a whole or not at all;
/// at most one worker can commit a given turn; an activity is handed out at least once;
/// a message is consumed by exactly one committed turn.
/// All due times and leases are judged by the hub's own clock, so workers' clocks need not agree.
/// </remarks>
public interface ITaskHub
{
    /// <summary>Makes the storage ready (creates or migrates it). Safe to call from many processes at once, and again.</summary>
    Task InitializeAsync(CancellationToken cancellationToken = default);

    /// <summary>Whether what a method threw says that the storage is out of reach, which may pass by itself.</summary>
    bool IsAway(Exception thrown) => false;

    // ---- for clients ---------------------------------------------------------------------------------------------

    /// <summary>Creates an instance in status Pending; its ExecutionStarted message becomes visible at once or at the scheduled
    /// time.</summary>
    /// <param name="instance">What to create.</param>
    /// <param name="reusableStatuses">An existing instance with the same id in one of these statuses is replaced, history and all.</param>
    /// <exception cref="OrchestrationAlreadyExistsException">The id is taken by an instance in another status.</exception>
    Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default);

    /// <summary>
    /// Puts a message into an instance's inbox. A message to an instance whose start is scheduled waits for the start;
    /// an <see cref="ExecutionTerminatedEvent"/> brings the start forward instead, so that the first turn sees both.
    /// An <see cref="ExecutionRewoundEvent"/> is for failed instances only: it sets the instance Running again, without its failure.
    /// </summary>
    /// <returns>False when the message was dropped: no such instance exists or it has ended (a rewind: it has not failed).</returns>
    Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default);

    /// <summary>Reads an instance; null when there is none.</summary>
    /// <param name="withPayloads">False leaves input, output and custom status null.</param>
    Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken = default);

    /// <summary>One page of the instances that match, oldest first (by creation time, then id).</summary>
    Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default);

    /// <summary>How many instances there are of each name and status; none of a name and status means none in the answer.</summary>
    Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(InstanceCountQuery query, CancellationToken cancellationToken = default);

    /// <summary>The history of the current execution in order; null when there is no such instance.</summary>
    Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default);

    /// <summary>
    /// The same, part by part, for whoever need not hold all of it; nothing when there is no such instance. What is added meanwhile may
    /// come too; it ends early when another execution takes the place of this one.
    /// </summary>
    async IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(
        string instanceId, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (HistoryEvent entry in await GetHistoryAsync(instanceId, cancellationToken) ?? [])
        {
            yield return entry;
        }
    }

    /// <summary>Removes ended instances with all that belongs to them. Instances that are not ended are left alone.</summary>
    /// <returns>How many were removed.</returns>
    Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes instances that ended longer ago than their status allows. Looks at some of the oldest instances, and goes on from there at
    /// the next call; after the last it begins again. An instance stays as long as its parent is kept, unless the parent runs and its
    /// current execution did not create it (it continued as new). Any number of processes may call it.
    /// </summary>
    /// <param name="timeToLive">By terminal status; other statuses are kept.</param>
    /// <param name="maxCount">How many instances to look at.</param>
    Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default);

    /// <summary>
    /// Starts to watch an instance. Read the instance after this call and wait on the watch between reads: no change can be missed.
    /// </summary>
    IInstanceWatch WatchInstance(string instanceId);

    // ---- for workers: orchestrations -----------------------------------------------------------------------------

    /// <summary>Locks instances that have visible messages and no live lock, those that wait longest first.</summary>
    /// <returns>At most <see cref="LockRequest.MaxCount"/> work items; empty when there is nothing to do.</returns>
    Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(LockRequest request, CancellationToken cancellationToken = default);

    /// <summary>Stores a turn in one transaction and releases the lock.</summary>
    /// <exception cref="WorkItemLockLostException">The fence does not match any more; nothing was stored.</exception>
    Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default);

    /// <summary>Gives a lock back without having done anything; the messages become visible again after the delay.</summary>
    Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default);

    /// <summary>Stores how many attempts at an instance were lost, for one that outlived two workers: a suspect runs alone, and counts
    /// its attempt as lost beforehand. Committing a turn sets the number to 0.</summary>
    /// <exception cref="WorkItemLockLostException">Someone else holds the instance; nothing was stored.</exception>
    Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default);

    // ---- for workers: activities ---------------------------------------------------------------------------------

    /// <summary>Locks activities that nobody works on, oldest first.</summary>
    Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(LockRequest request, CancellationToken cancellationToken = default);

    /// <summary>Removes the activity and puts its outcome into the orchestration's inbox, in one transaction.</summary>
    /// <param name="outcome">A <see cref="TaskCompletedEvent"/> or <see cref="TaskFailedEvent"/>.</param>
    /// <exception cref="WorkItemLockLostException">Someone else holds or finished it, or the orchestration ended; nothing was
    /// stored.</exception>
    Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default);

    /// <summary>Gives an activity back unfinished; it is visible again after the delay.</summary>
    Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default);

    /// <summary>As for orchestrations.</summary>
    /// <exception cref="WorkItemLockLostException">Someone else holds or finished it; nothing was stored.</exception>
    Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default);

    // ---- entities ------------------------------------------------------------------------------------------------

    /// <summary>The hub's entities.</summary>
    IEntityHub Entities { get; }

    // ---- for workers: leases and wake-up -------------------------------------------------------------------------

    /// <summary>Extends leases that are still held.</summary>
    /// <returns>The locks that are not held any more.</returns>
    Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// The locks on orchestrations that this worker holds, as the hub sees it. For a worker whose request for locks failed: it may have got
    /// some all the same. A hub may leave some out where it would have to look at all instances; their leases end.
    /// </summary>
    Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(string workerId, CancellationToken cancellationToken = default);

    /// <summary>As for orchestrations. Activities that live in the worker's memory only are left out.</summary>
    Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Completes when there may be work of this kind: something was stored by this or another process, a timer came due, a lease ended,
    /// or the hub's safety poll is over. A signal that came since the previous call completes the wait at once.
    /// </summary>
    /// <param name="only">The filter of the caller's lock requests, so that due work of others does not end the wait again and
    /// again; null for everything.</param>
    Task WaitForWorkAsync(WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default);
}

/// <summary>Short forms.</summary>
public static class TaskHubExtensions
{
    /// <summary>Waits for work of a kind, whatever its name.</summary>
    public static Task WaitForWorkAsync(this ITaskHub hub, WorkKind kind, CancellationToken cancellationToken = default) =>
        hub.WaitForWorkAsync(kind, only: null, cancellationToken);
}

/// <summary>What one call of <see cref="ITaskHub.PurgeExpiredAsync"/> did.</summary>
/// <param name="Purged">How many instances were removed.</param>
/// <param name="IsLast">True when all were looked at: the next call begins again.</param>
public sealed record ExpiryRound(int Purged, bool IsLast);

/// <summary>What a worker waits for.</summary>
public enum WorkKind
{
    Orchestration,
    Activity,
    Entity,
}

/// <summary>A subscription to the changes of one instance. Not thread-safe.</summary>
public interface IInstanceWatch : IDisposable
{
    /// <summary>What the instance is, payloads included, as far as this process knows without asking; null when it has to be
    /// read.</summary>
    InstanceState? Known { get; }

    /// <summary>Completes at the next change since the watch began or since the previous wait; spurious wake-ups are allowed.</summary>
    Task WaitAsync(CancellationToken cancellationToken = default);
}
