using DurableTask.Core.Hub;
using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The entities of a hub, in tables of their own.</summary>
internal sealed class PostgreSqlEntityHub(
    HubDatabase database, HubSignals signals, HubNotifier notifier, WorkerSessions sessions, TimeProvider timeProvider, ILogger logger)
    : IEntityHub, IAsyncDisposable
{
    private readonly EntityCommitter _committer = new(database, signals, notifier, timeProvider, logger);

    /// <summary>Stores what was handed over, and takes nothing more.</summary>
    public ValueTask DisposeAsync() => _committer.DisposeAsync();

    public async Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellationToken = default)
    {
        await using var command = database.DataSource.CreateCommand(
            HubDatabase.Sql["post_entity_messages"], EntityRows.MessageColumns([message]));
        await command.ExecuteNonQueryAsync(cancellationToken);
        notifier.Publish(HubNews.OfWork(WorkKind.Entity));
    }

    public async Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync("get_entity", [entityId, withState], EntityRows.Record, cancellationToken)).SingleOrDefault();

    public async Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        object?[] arguments =
        [
            query.IdPrefix, query.UpdatedFrom?.ToUniversalTime(), query.UpdatedTo?.ToUniversalTime(), query.WithState,
            query.WithStateless, PageToken.ParseId(query.ContinuationToken), size + 1,
        ];
        var found = await database.QueryAsync("query_entities", arguments, EntityRows.Record, cancellationToken);
        if (found.Count <= size)
        {
            return new EntityPage(found, null);
        }

        found.RemoveAt(size);
        return new EntityPage(found, PageToken.OfId(found[^1].EntityId));
    }

    public async Task<EntityRemoval> RemoveEmptyAsync(
        string? continuationToken, int count, CancellationToken cancellationToken = default)
    {
        object?[] page = [PageToken.ParseId(continuationToken), count];
        var ids = await database.QueryAsync("list_entity_ids", page, row => row.GetString(0), cancellationToken);
        var removed = await database.QueryAsync("remove_empty_entities", [ids.ToArray()], row => row.GetString(0), cancellationToken);
        return new EntityRemoval(removed.Count, ids.Count < count ? null : PageToken.OfId(ids[^1]));
    }

    public async Task<bool> RemoveAsync(string entityId, CancellationToken cancellationToken = default) =>
        await database.AnyAsync("remove_entity", [entityId], cancellationToken);

    public async Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellationToken = default)
    {
        var released = await database.QueryAsync("release_orphaned_locks", [count], row => row.GetString(0), cancellationToken);
        if (released.Count > 0)
        {
            notifier.Publish(HubNews.OfWork(WorkKind.Entity));
        }

        return released.Count;
    }

    public async Task<IReadOnlyList<EntityWorkItem>> LockAsync(LockRequest request, CancellationToken cancellationToken = default)
    {
        await sessions.RegisterAsync(request.WorkerId, cancellationToken);
        var locked = await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["commit_asynchronously"]);
                batch.Add(
                    HubDatabase.Sql["lock_entities"], request.WorkerId, request.MaxCount, request.Lease, EntityRows.Names(request.Only));
            },
            async reader =>
            {
                await reader.NextResultAsync(cancellationToken);
                return await HubDatabase.ReadAllAsync(reader, row => EntityRows.Locked(row, request.WorkerId), cancellationToken);
            },
            cancellationToken);
        if (locked.Count == 0)
        {
            return [];
        }

        var messages = (await database.QueryAsync(
                "read_entity_messages",
                [locked.Select(item => item.Lock.EntityId).ToArray(), database.Options.MaxMessagesPerTurn],
                row => (EntityId: row.GetString(0), Message: EntityInboxMessage.Read(row.GetInt64(1), row.GetString(2))),
                cancellationToken))
            .ToLookup(row => row.EntityId, row => row.Message, StringComparer.Ordinal);
        var items = new List<EntityWorkItem>(locked.Count);
        foreach (var item in locked)
        {
            if (messages[item.Lock.EntityId].ToArray() is { Length: > 0 } due)
            {
                items.Add(item with { Messages = due });
            }
            else
            {
                // Another worker's batch used the messages up between the look and the lock.
                await AbandonAsync(item.Lock, TimeSpan.Zero, cancellationToken);
            }
        }

        if (locked.Count == request.MaxCount)
        {
            signals.Of(WorkKind.Entity).Set();
        }

        return [.. items.OrderBy(item => item.Messages[0].Id)];
    }

    public Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken = default) =>
        _committer.CommitAsync(batch, cancellationToken);

    public async Task AbandonAsync(EntityLock held, TimeSpan delay, CancellationToken cancellationToken = default)
    {
        if (await database.AnyAsync("abandon_entity", [held.EntityId, held.WorkerId, held.Fence, delay], cancellationToken))
        {
            notifier.Publish(HubNews.OfWork(WorkKind.Entity));
        }
    }

    public async Task SetLostAttemptsAsync(EntityLock held, int lostAttempts, CancellationToken cancellationToken = default)
    {
        object?[] arguments = [held.EntityId, held.WorkerId, held.Fence, lostAttempts];
        if (!await database.AnyAsync("set_lost_attempts_of_entity", arguments, cancellationToken))
        {
            throw WorkItemLockLostException.ForEntity(held.EntityId);
        }
    }

    public async Task<IReadOnlyList<EntityLock>> FindLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        await database.QueryAsync(
            "find_entity_locks",
            [workerId, WorkerSessions.MaxMessages],
            row => new EntityLock(row.GetString(0), workerId, row.GetInt64(1)),
            cancellationToken);

    public async Task<IReadOnlyList<EntityLock>> RenewAsync(
        IReadOnlyCollection<EntityLock> held, TimeSpan lease, CancellationToken cancellationToken = default)
    {
        if (held.Count == 0)
        {
            return [];
        }

        object?[] locks =
        [
            held.Select(one => one.EntityId).ToArray(), held.Select(one => one.WorkerId).ToArray(), held.Select(one => one.Fence).ToArray(),
        ];
        var still = await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["commit_asynchronously"]);
                batch.Add(HubDatabase.Sql["renew_entities"], [.. locks, lease]);
                batch.Add(HubDatabase.Sql["held_entities"], locks);
            },
            async reader =>
            {
                await reader.NextResultAsync(cancellationToken);
                return await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), cancellationToken);
            },
            cancellationToken);
        return [.. held.Where(one => !still.Contains(one.EntityId, StringComparer.Ordinal))];
    }

    /// <summary>How long until there may be an entity to lock; null when no message waits.</summary>
    /// <param name="only">The names that the caller can run; null for all.</param>
    public async Task<TimeSpan?> NextDueAsync(IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken)
    {
        var seconds = await database.QueryAsync(
            "next_entity_due", [EntityRows.Names(only)], row => row.IsDBNull(0) ? (double?)null : row.GetDouble(0), cancellationToken);
        return seconds[0] is { } due ? TimeSpan.FromSeconds(Math.Clamp(due, 0, TimeSpan.SecondsPerDay)) : null;
    }
}

/// <summary>Between rows and records of entities. The order of the columns is that of the statements.</summary>
internal static class EntityRows
{
    /// <summary>The columns of get_entity and query_entities.</summary>
    public static EntityRecord Record(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetFieldValue<DateTimeOffset>(1),
        row.GetInt32(5),
        Rows.Text(row, 2),
        row.GetBoolean(3),
        Rows.Text(row, 4));

    /// <summary>The columns of lock_entities; the messages come from another statement.</summary>
    public static EntityWorkItem Locked(NpgsqlDataReader row, string workerId) => new(
        new EntityLock(row.GetString(0), workerId, row.GetInt64(1)),
        Rows.Text(row, 2),
        row.IsDBNull(3) ? null : new EntityLockHolder(row.GetString(3), row.GetString(4)),
        [],
        row.GetInt32(5),
        row.IsDBNull(6) ? null : row.GetInt64(6));

    /// <summary>The names of a filter, in the form that ids have.</summary>
    public static string[]? Names(IReadOnlyList<WorkFilter>? only) => only?.Select(filter => filter.Name.ToLowerInvariant()).ToArray();

    /// <summary>The columns of post_entity_messages.</summary>
    public static Array[] MessageColumns(IReadOnlyCollection<OutgoingEntityMessage> messages) =>
    [
        messages.Select(sent => sent.EntityId).ToArray(),
        messages.Select(sent => Rows.Moment(sent.Message.DueAt)).ToArray(),
        messages.Select(sent => sent.Message.Serialize()).ToArray(),
    ];
}
