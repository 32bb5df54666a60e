namespace DurableTask.Core.Hub;

/// <summary>
/// The entities of a task hub. They are kept apart from the instances: no query, purge or work search of orchestrations meets them.
/// An entity has no history; it is its state, who has it in a critical section, and the messages that wait for it. The guarantees are
/// those of <see cref="ITaskHub"/>: a message is consumed by exactly one committed batch, and at most one worker can commit a given batch.
/// </summary>
public interface IEntityHub
{
    // ---- for clients ---------------------------------------------------------------------------------------------

    /// <summary>Stores a message for an entity, whether or not there is one yet.</summary>
    Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellationToken = default);

    /// <summary>Reads an entity; null when there is none. One without state is read too.</summary>
    Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellationToken = default);

    /// <summary>One page of the entities that match, by id.</summary>
    /// <exception cref="ArgumentException">The continuation token is not one that a query returned.</exception>
    Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellationToken = default);

    /// <summary>One step of removing the entities that have no state, no messages (scheduled ones included), and nobody in a critical
    /// section.</summary>
    /// <param name="continuationToken">The previous step's token; null for the first.</param>
    /// <param name="count">How many entities the step looks at.</param>
    Task<EntityRemoval> RemoveEmptyAsync(string? continuationToken, int count, CancellationToken cancellationToken = default);

    /// <summary>Removes an entity with its state and with the messages that are scheduled for it. Left alone is one in a critical section,
    /// one that a worker has, and one with messages to work on: somebody may wait for the answer.</summary>
    /// <returns>False when the entity was left alone, or when no worker ever had one of this id.</returns>
    Task<bool> RemoveAsync(string entityId, CancellationToken cancellationToken = default);

    /// <summary>Ends critical sections of orchestrations that ended without leaving them. Entities that a worker has at the moment are
    /// left for the next time.</summary>
    /// <param name="count">How many to end at most.</param>
    /// <returns>How many were ended.</returns>
    Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellationToken = default);

    // ---- for workers ---------------------------------------------------------------------------------------------

    /// <summary>Locks entities that have due messages and no live lock, those that wait longest first.</summary>
    /// <param name="request">A filter of it lets entities pass by name.</param>
    Task<IReadOnlyList<EntityWorkItem>> LockAsync(LockRequest request, CancellationToken cancellationToken = default);

    /// <summary>Stores a batch in one transaction and releases the lock.</summary>
    /// <exception cref="WorkItemLockLostException">The fence does not match any more; nothing was stored.</exception>
    Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken = default);

    /// <summary>Gives a lock back without having done anything; the messages become visible again after the delay.</summary>
    Task AbandonAsync(EntityLock held, TimeSpan delay, CancellationToken cancellationToken = default);

    /// <summary>Says how many workers were lost with the entity; a commit or a give-back leaves it to the next holder.</summary>
    /// <exception cref="WorkItemLockLostException">The lock is not held any more.</exception>
    Task SetLostAttemptsAsync(EntityLock held, int lostAttempts, CancellationToken cancellationToken = default);

    /// <summary>The locks that this worker holds, as <see cref="ITaskHub.FindOrchestrationLocksAsync"/> finds them.</summary>
    Task<IReadOnlyList<EntityLock>> FindLocksAsync(string workerId, CancellationToken cancellationToken = default);

    /// <summary>Extends leases that are still held.</summary>
    /// <returns>The locks that are not held any more.</returns>
    Task<IReadOnlyList<EntityLock>> RenewAsync(
        IReadOnlyCollection<EntityLock> held, TimeSpan lease, CancellationToken cancellationToken = default);
}
