using System.Text.Json;
using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>Proof that a worker may commit the next batch of an entity.</summary>
/// <param name="Fence">Grows with every lock and every commit of the entity; a stale fence can commit nothing.</param>
public sealed record EntityLock(string EntityId, string WorkerId, long Fence);

/// <summary>A message that waits for an entity.</summary>
/// <param name="Id">The hub's own key. Messages of one sender to one entity are played in the order in which they were stored.</param>
/// <param name="Fault">Why its operation cannot run: what it needs could not be read. Null when it can.</param>
public sealed record EntityInboxMessage(long Id, EntityMessage Message, string? Fault = null)
{
    /// <summary>What stands for the message when its text cannot be read; null when it can. <see cref="Message"/> has no more then than
    /// whom to answer, as far as that can be told.</summary>
    public UnreadableEvent? Unreadable { get; init; }

    /// <summary>Makes a message of its stored text. A text that cannot be read fails only this message.</summary>
    public static EntityInboxMessage Read(long id, string stored)
    {
        try
        {
            var message = EntityMessage.Deserialize(stored);
            return new(id, message) { Unreadable = message.Fault is { } fault ? new(fault) : null };
        }
        catch (Exception unreadable) when (unreadable is JsonException or NotSupportedException or InvalidOperationException)
        {
            return new(id, EntityMessage.ReadSender(stored))
            {
                Unreadable = new(unreadable.Message, isDamaged: !HistorySerializer.IsJson(stored)),
            };
        }
    }
}

/// <summary>A message to an entity, which comes to be with it. It is delivered at <see cref="EntityMessage.DueAt"/>.</summary>
public sealed record OutgoingEntityMessage(string EntityId, EntityMessage Message);

/// <summary>An entity that is locked for one batch.</summary>
/// <param name="State">The state as stored; null when there is none.</param>
/// <param name="Holder">The orchestration that has the entity in its critical section; null for none.</param>
/// <param name="Messages">The messages that are due, parked ones excepted, in the order of their storing; at least one. More than a hub's
/// limit stay for the next batch.</param>
/// <param name="LostAttempts">How many workers were lost while they held the entity, since <see cref="EntityCommit.LostAttempts"/> was last
/// stored: counted up to 2 by the hub, from there on by
/// <see cref="IEntityHub.SetLostAttemptsAsync(EntityLock, int, CancellationToken)"/>.</param>
/// <param name="SuspectUntil">What <see cref="EntityCommit.SuspectUntil"/> was last stored.</param>
public sealed record EntityWorkItem(
    EntityLock Lock,
    string? State,
    EntityLockHolder? Holder,
    IReadOnlyList<EntityInboxMessage> Messages,
    int LostAttempts = 0,
    long? SuspectUntil = null);

/// <summary>All that one batch of an entity changes. It is stored in one transaction, or not at all.</summary>
public sealed record EntityCommit
{
    /// <summary>The lock under which the batch ran.</summary>
    public required EntityLock Lock { get; init; }

    /// <summary>The state after the batch; null for none.</summary>
    public string? State { get; init; }

    /// <summary>True when an operation ran: the time of the last change is now.</summary>
    public bool IsModified { get; init; }

    /// <summary>Who has the entity in a critical section after the batch.</summary>
    public EntityLockHolder? Holder { get; init; }

    /// <summary>The messages that the batch used up.</summary>
    public IReadOnlyList<long> ConsumedMessages { get; init; } = [];

    /// <summary>The messages that wait for the end of the critical section: no work item brings them before
    /// <see cref="ReturnParked"/>.</summary>
    public IReadOnlyList<long> ParkedMessages { get; init; } = [];

    /// <summary>True to make all parked messages due again.</summary>
    public bool ReturnParked { get; init; }

    /// <summary>What <see cref="EntityWorkItem.LostAttempts"/> is from now on; 0 unless what is left may be what killed.</summary>
    public int LostAttempts { get; init; }

    /// <summary>The last message that may be what killed; null when none is under suspicion.</summary>
    public long? SuspectUntil { get; init; }

    /// <summary>Answers to orchestrations. Those to unknown or ended executions are dropped.</summary>
    public IReadOnlyList<OutgoingMessage> Messages { get; init; } = [];

    /// <summary>Messages to entities.</summary>
    public IReadOnlyList<OutgoingEntityMessage> EntityMessages { get; init; } = [];

    /// <summary>Ids of payloads that were stored apart and that nothing refers to after this batch: they are removed with it.</summary>
    public IReadOnlyList<string> ReplacedPayloads { get; init; } = [];

    /// <summary>Orchestrations to start. One whose id is taken by an instance that has not ended is dropped; an ended one is
    /// replaced.</summary>
    public IReadOnlyList<NewInstance> Orchestrations { get; init; } = [];
}

/// <summary>An entity as a client sees it.</summary>
/// <param name="UpdatedAt">When an operation last ran, by the hub's clock.</param>
/// <param name="Backlog">How many messages are due, parked ones included.</param>
/// <param name="LockedBy">The orchestration that has the entity in its critical section.</param>
/// <param name="HasState">False for an entity without state: one that was deleted, or only locked or signalled.</param>
/// <param name="State">Null when there is none or it was not asked for.</param>
public sealed record EntityRecord(
    string EntityId, DateTimeOffset UpdatedAt, int Backlog, string? LockedBy, bool HasState, string? State);

/// <summary>Which entities to list. Every condition that is null matches all.</summary>
/// <param name="UpdatedFrom">Inclusive.</param>
/// <param name="UpdatedTo">Inclusive.</param>
/// <param name="WithState">False leaves the states null.</param>
/// <param name="WithStateless">True to list entities without state too.</param>
/// <param name="ContinuationToken">The previous page's token; null for the first page.</param>
public sealed record EntityRecordQuery(
    string? IdPrefix = null,
    DateTimeOffset? UpdatedFrom = null,
    DateTimeOffset? UpdatedTo = null,
    bool WithState = true,
    bool WithStateless = false,
    int PageSize = 100,
    string? ContinuationToken = null);

/// <summary>One page of a query; a null token says that it was the last.</summary>
public sealed record EntityPage(IReadOnlyList<EntityRecord> Entities, string? ContinuationToken);

/// <summary>One step of a removal of empty entities; a null token says that it was the last.</summary>
public sealed record EntityRemoval(int Removed, string? ContinuationToken);
