using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>An instance with everything that belongs to it but its activities. Events are kept in their stored form, so that no two
/// callers share objects.</summary>
internal sealed class StoredInstance
{
    public required InstanceState State { get; set; }
    public long Fence { get; set; }
    public string? LockedBy { get; set; }

    /// <summary>Workers that were lost while they held the instance, since its last commit.</summary>
    public int LostAttempts { get; set; }

    /// <summary>Nobody may lock the instance before; the end of a lease, or of an abandoned turn's delay.</summary>
    public DateTimeOffset LockedUntil { get; set; } = DateTimeOffset.MinValue;

    /// <summary>True while it waits for a place under a limit.</summary>
    public bool WaitsForPlace { get; set; }

    /// <summary>Messages are not visible before: the scheduled start.</summary>
    public DateTimeOffset StartsAt { get; set; } = DateTimeOffset.MinValue;

    /// <summary>A termination needs no place under a limit.</summary>
    public bool IsToBeTerminated => Inbox.Exists(message => message.Is(EventType.ExecutionTerminated));

    public List<string> History { get; set; } = [];
    public List<StoredMessage> Inbox { get; set; } = [];

    /// <summary>Takes the lock from a worker whose lease is over.</summary>
    public void LoseLock()
    {
        Fence++;
        LostAttempts += LostAttempts < 2 ? 1 : 0;
        LockedBy = null;
    }

    public IEnumerable<StoredMessage> Visible(DateTimeOffset now) =>
        Inbox.Where(message => message.VisibleAt <= now).OrderBy(message => message.VisibleAt).ThenBy(message => message.Id);
}

internal sealed record StoredMessage(long Id, string? ExecutionId, DateTimeOffset VisibleAt, int? TimerId, string Event)
{
    public bool Is(EventType type) => Event.StartsWith($"{{\"$event\":\"{type}\"", StringComparison.Ordinal);
}

internal sealed class StoredActivity
{
    public required long Id { get; init; }
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required int TaskId { get; init; }
    public required string? Name { get; init; }
    public string? Version { get; init; }
    public required string Event { get; init; }

    /// <summary>True while it waits for a place under a limit.</summary>
    public bool WaitsForPlace { get; set; }

    /// <summary>Nobody may lock the activity before; the end of a lease, or of an abandoned activity's delay.</summary>
    public DateTimeOffset VisibleAt { get; set; }
    public string? LockedBy { get; set; }
    public long Fence { get; set; }
    public int DeliveryCount { get; set; }

    /// <summary>Workers that were lost while they held the activity.</summary>
    public int LostAttempts { get; set; }

    public bool IsHeldBy(ActivityLock held) => LockedBy == held.WorkerId && Fence == held.Fence;

    /// <summary>Takes the lock from a worker whose lease is over.</summary>
    public void LoseLock()
    {
        LostAttempts += LostAttempts < 2 ? 1 : 0;
        LockedBy = null;
    }

    public void Lock(string workerId, DateTimeOffset until)
    {
        LostAttempts += LockedBy is not null && LostAttempts < 2 ? 1 : 0;
        LockedBy = workerId;
        VisibleAt = until;
        Fence++;
        DeliveryCount++;
    }
}

/// <summary>An entity with the messages that wait for it.</summary>
internal sealed class StoredEntity
{
    public required string EntityId { get; init; }
    public string? State { get; private set; }
    public required DateTimeOffset UpdatedAt { get; set; }
    public EntityLockHolder? Holder { get; set; }
    public string? LockedBy { get; set; }

    /// <summary>Nobody may lock the entity before; the end of a lease, or of an abandoned batch's delay.</summary>
    public DateTimeOffset LockedUntil { get; set; } = DateTimeOffset.MinValue;
    public long Fence { get; set; }
    public List<StoredEntityMessage> Inbox { get; private set; } = [];

    /// <summary>Workers that were lost while they held the entity.</summary>
    public int LostAttempts { get; set; }
    public long? SuspectUntil { get; private set; }

    /// <summary>Filters name entities; versions they have none.</summary>
    public bool Passes(IReadOnlyList<WorkFilter>? only) =>
        only is null || only.Any(filter => filter.Passes(EntityId[1..EntityId.IndexOf('@', 1)], version: null));

    public IEnumerable<StoredEntityMessage> Due(DateTimeOffset now) => Inbox.Where(message => message.VisibleAt <= now);

    public void ReturnParked(DateTimeOffset now) =>
        Inbox = Inbox.ConvertAll(message => message.VisibleAt is null ? message with { VisibleAt = now } : message);

    public void Commit(EntityCommit batch, DateTimeOffset now)
    {
        Inbox.RemoveAll(message => batch.ConsumedMessages.Contains(message.Id));
        Inbox = Inbox.ConvertAll(
            message => batch.ParkedMessages.Contains(message.Id) ? message with { VisibleAt = null } : message);
        if (batch.ReturnParked)
        {
            ReturnParked(now);
        }

        State = batch.State;
        Holder = batch.Holder;
        UpdatedAt = batch.IsModified ? now : UpdatedAt;
        LockedBy = null;
        LockedUntil = DateTimeOffset.MinValue;
        LostAttempts = batch.LostAttempts;
        SuspectUntil = batch.SuspectUntil;
        Fence++;
    }
}

/// <param name="VisibleAt">Null while the message waits for the end of somebody's critical section.</param>
internal sealed record StoredEntityMessage(long Id, DateTimeOffset? VisibleAt, string Message);
