using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>The entities of an <see cref="InMemoryTaskHub"/>.</summary>
internal sealed class InMemoryEntityHub(TimeProvider time, InMemoryStorage storage) : IEntityHub
{
    public Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellationToken = default)
    {
        var text = message.Message.Serialize();
        return Locked(now =>
        {
            storage.Post(message, text, now);
            return true;
        });
    }

    public Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellationToken = default) =>
        Locked(now => storage.Entities.TryGetValue(entityId, out var entity) ? Record(entity, withState, now) : null);

    public Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var after = PageToken.ParseId(query.ContinuationToken);
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        return Locked(now =>
        {
            var found = storage.Entities.Values
                .Where(entity => Matches(entity, query) && IsAfter(entity, after))
                .OrderBy(entity => entity.EntityId, StringComparer.Ordinal)
                .Take(size + 1)
                .Select(entity => Record(entity, query.WithState, now))
                .ToList();
            if (found.Count <= size)
            {
                return new EntityPage(found, null);
            }

            found.RemoveAt(size);
            return new EntityPage(found, PageToken.OfId(found[^1].EntityId));
        });
    }

    public Task<EntityRemoval> RemoveEmptyAsync(string? continuationToken, int count, CancellationToken cancellationToken = default)
    {
        var after = PageToken.ParseId(continuationToken);
        return Locked(now =>
        {
            var page = storage.Entities.Values.Where(entity => IsAfter(entity, after))
                .OrderBy(entity => entity.EntityId, StringComparer.Ordinal).Take(count).ToList();
            var removed = page.Count(entity =>
                entity.State is null && entity.Holder is null && entity.Inbox.Count == 0 && entity.LockedUntil <= now
                && storage.Entities.Remove(entity.EntityId));
            return new EntityRemoval(removed, page.Count < count ? null : PageToken.OfId(page[^1].EntityId));
        });
    }

    public Task<bool> RemoveAsync(string entityId, CancellationToken cancellationToken = default) => Locked(now =>
        storage.Entities.TryGetValue(entityId, out var entity)
        && entity.Fence > 0 && entity.Holder is null && entity.LockedUntil <= now && entity.Inbox.All(message => message.VisibleAt > now)
        && storage.Entities.Remove(entityId));

    public Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellationToken = default) => Locked(now =>
    {
        var orphaned = storage.Entities.Values
            .Where(entity => entity.Holder is { } holder && entity.LockedUntil <= now && !IsRunning(holder))
            .OrderBy(entity => entity.EntityId, StringComparer.Ordinal)
            .Take(count)
            .ToList();
        foreach (var entity in orphaned)
        {
            entity.Holder = null;
            entity.Fence++;
            entity.ReturnParked(now);
            storage.SignalWork(WorkKind.Entity);
        }

        return orphaned.Count;
    });

    public Task<IReadOnlyList<EntityWorkItem>> LockAsync(LockRequest request, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<EntityWorkItem>>(now =>
        {
            var due = storage.Entities.Values
                .Where(entity => entity.LockedUntil <= now && entity.Due(now).Any() && entity.Passes(request.Only))
                .OrderBy(entity => entity.Due(now).Min(message => message.VisibleAt))
                .Take(request.MaxCount)
                .ToList();
            if (due.Count == request.MaxCount)
            {
                storage.SignalWork(WorkKind.Entity);
            }

            return due.ConvertAll(entity => Lock(entity, request, now));
        });

    public Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken = default)
    {
        // All that can throw (serialization) comes before anything is changed.
        string[] messages = [.. batch.Messages.Select(message => HistorySerializer.Serialize(message.Event))];
        string[] entityMessages = [.. batch.EntityMessages.Select(message => message.Message.Serialize())];
        string[] starts = [.. batch.Orchestrations.Select(created => HistorySerializer.Serialize(created.Start))];
        return Locked(now =>
        {
            var entity = IsHeld(batch.Lock, out var held) ? held : throw WorkItemLockLostException.ForEntity(batch.Lock.EntityId);
            entity.Commit(batch, now);
            storage.Payloads.Remove(batch.ReplacedPayloads);
            for (var i = 0; i < starts.Length; i++)
            {
                var created = batch.Orchestrations[i];
                if (!storage.Instances.TryGetValue(created.InstanceId, out var existing) || existing.State.Status.IsTerminal())
                {
                    storage.Create(created, starts[i], now);
                }
            }

            for (var i = 0; i < messages.Length; i++)
            {
                var message = batch.Messages[i];
                if (storage.Instances.TryGetValue(message.InstanceId, out var target)
                    && !target.State.Status.IsTerminal()
                    && (message.ExecutionId is null || message.ExecutionId == target.State.ExecutionId))
                {
                    storage.Post(target, message.ExecutionId, messages[i], now);
                }
            }

            for (var i = 0; i < entityMessages.Length; i++)
            {
                storage.Post(batch.EntityMessages[i], entityMessages[i], now);
            }

            // What came during the batch waits for its end.
            storage.SignalWork(WorkKind.Entity);
            return true;
        });
    }

    public Task AbandonAsync(EntityLock held, TimeSpan delay, CancellationToken cancellationToken = default) => Locked(now =>
    {
        if (!IsHeld(held, out var entity))
        {
            return false;
        }

        entity.LockedBy = null;
        entity.LockedUntil = now + delay;
        storage.SignalWork(WorkKind.Entity);
        return true;
    });

    public Task SetLostAttemptsAsync(EntityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        Locked(_ => IsHeld(held, out var entity)
            ? entity.LostAttempts = lostAttempts
            : throw WorkItemLockLostException.ForEntity(held.EntityId));

    public Task<IReadOnlyList<EntityLock>> FindLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<EntityLock>>(now =>
        [.. storage.Entities.Values
            .Where(entity => entity.LockedBy == workerId && entity.LockedUntil > now)
            .Select(entity => new EntityLock(entity.EntityId, workerId, entity.Fence))]);

    public Task<IReadOnlyList<EntityLock>> RenewAsync(
        IReadOnlyCollection<EntityLock> held, TimeSpan lease, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<EntityLock>>(now =>
        {
            var lost = new List<EntityLock>();
            foreach (var one in held)
            {
                if (IsHeld(one, out var entity))
                {
                    entity.LockedUntil = now + lease;
                }
                else
                {
                    lost.Add(one);
                }
            }

            return lost;
        });

    private static EntityWorkItem Lock(StoredEntity entity, LockRequest request, DateTimeOffset now)
    {
        entity.Fence++;
        entity.LostAttempts += entity.LockedBy is not null && entity.LostAttempts < 2 ? 1 : 0;
        entity.LockedBy = request.WorkerId;
        entity.LockedUntil = now + request.Lease;
        return new EntityWorkItem(
            new EntityLock(entity.EntityId, request.WorkerId, entity.Fence),
            entity.State,
            entity.Holder,
            [.. entity.Due(now).OrderBy(message => message.Id).Take(InMemoryTaskHub.MaxMessagesPerTurn)
                .Select(message => EntityInboxMessage.Read(message.Id, message.Message))],
            entity.LostAttempts,
            entity.SuspectUntil);
    }

    private bool IsHeld(EntityLock held, out StoredEntity entity) =>
        storage.Entities.TryGetValue(held.EntityId, out entity!) && entity.Fence == held.Fence && entity.LockedBy == held.WorkerId;

    private bool IsRunning(EntityLockHolder holder) =>
        storage.Instances.TryGetValue(holder.InstanceId, out var instance)
        && instance.State.ExecutionId == holder.ExecutionId
        && !instance.State.Status.IsTerminal();

    private static EntityRecord Record(StoredEntity entity, bool withState, DateTimeOffset now) => new(
        entity.EntityId,
        entity.UpdatedAt,
        entity.Inbox.Count(message => message.VisibleAt is null || message.VisibleAt <= now),
        entity.Holder?.InstanceId,
        entity.State is not null,
        withState ? entity.State : null);

    private static bool Matches(StoredEntity entity, EntityRecordQuery query) =>
        (query.IdPrefix is not { } prefix || entity.EntityId.StartsWith(prefix, StringComparison.Ordinal))
        && (query.UpdatedFrom is not { } from || entity.UpdatedAt >= from)
        && (query.UpdatedTo is not { } to || entity.UpdatedAt <= to)
        && (query.WithStateless || entity.State is not null);

    private static bool IsAfter(StoredEntity entity, string? after) =>
        after is null || string.CompareOrdinal(entity.EntityId, after) > 0;

    private Task<T> Locked<T>(Func<DateTimeOffset, T> action)
    {
        try
        {
            lock (storage.Gate)
            {
                return Task.FromResult(action(time.GetUtcNow()));
            }
        }
        catch (Exception exception)
        {
            return Task.FromException<T>(exception);
        }
    }
}
