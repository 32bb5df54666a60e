using System.Collections.Concurrent;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Group commit for entities: what arrives while a transaction runs shares the next one. When a group fails, each of its batches is tried
/// alone, so that one that cannot be stored fails nobody else.
/// </summary>
internal sealed class EntityCommitter(HubDatabase database, HubSignals signals, HubNotifier notifier)
{
    private readonly ConcurrentQueue<PreparedEntityBatch> _waiting = new();
    private bool _isStoring;

    public async Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken)
    {
        var prepared = new PreparedEntityBatch(batch);
        _waiting.Enqueue(prepared);
        if (!Interlocked.Exchange(ref _isStoring, true))
        {
            _ = Task.Run(StoreWaitingAsync, CancellationToken.None);
        }

        await prepared.Completion.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Stores what waits until nothing does; the callers learn of failures.</summary>
    private async Task StoreWaitingAsync()
    {
        do
        {
            while (!_waiting.IsEmpty)
            {
                var group = new List<PreparedEntityBatch>();
                while (group.Count < database.Options.MaxTurnsPerCommit && _waiting.TryDequeue(out var next))
                {
                    group.Add(next);
                }

                await StoreAsync(group);
            }

            Volatile.Write(ref _isStoring, false);
            // A batch may have come since the look, and have seen that somebody stores.
        }
        while (!_waiting.IsEmpty && !Interlocked.Exchange(ref _isStoring, true));
    }

    private async Task StoreAsync(List<PreparedEntityBatch> group)
    {
        try
        {
            await TransactAsync(group);
        }
        catch (Exception exception) when (group.Count == 1)
        {
            group[0].Completion.TrySetException(exception);
        }
        catch (Exception)
        {
            // If the group was stored after all, the fences say so to each of its batches.
            foreach (var batch in group.Where(batch => !batch.Completion.Task.IsCompleted))
            {
                await StoreAsync([batch]);
            }
        }
    }

    private async Task TransactAsync(List<PreparedEntityBatch> group)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var held = await LockAsync(connection, group);
        var valid = group.Where(batch => held.Contains((batch.Lock.EntityId, batch.Lock.WorkerId, batch.Lock.Fence))).ToList();
        foreach (var lost in group.Except(valid))
        {
            lost.Completion.TrySetException(WorkItemLockLostException.ForEntity(lost.Lock.EntityId));
        }

        if (valid.Count == 0)
        {
            return;
        }

        var replaceable = await LockEndedAsync(connection, valid);
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            EntityStatements.Fill(batch, valid, replaceable);
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }

        await transaction.CommitAsync(CancellationToken.None);
        valid.ForEach(batch => batch.Completion.TrySetResult());
        Publish(valid);
    }

    private static async Task<HashSet<(string EntityId, string WorkerId, long Fence)>> LockAsync(
        NpgsqlConnection connection, List<PreparedEntityBatch> group)
    {
        await using var command = connection.CreateCommand(
            HubDatabase.Sql["lock_entity_batches"], [group.Select(batch => batch.Lock.EntityId).ToArray()]);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var rows = await HubDatabase.ReadAllAsync(
            reader, row => (row.GetString(0), Rows.Text(row, 2) ?? "", row.GetInt64(1)), CancellationToken.None);
        return [.. rows];
    }

    /// <summary>Locks the ended instances whose id an orchestration of this group takes over.</summary>
    private static async Task<HashSet<string>> LockEndedAsync(NpgsqlConnection connection, List<PreparedEntityBatch> valid)
    {
        var ids = valid.SelectMany(batch => batch.Batch.Orchestrations).Select(created => created.InstanceId)
            .Distinct(StringComparer.Ordinal).ToArray();
        if (ids.Length == 0)
        {
            return [];
        }

        await using var command = connection.CreateCommand(HubDatabase.Sql["lock_ended_instances"], [ids]);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var rows = await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None);
        return rows.ToHashSet(StringComparer.Ordinal);
    }

    private void Publish(List<PreparedEntityBatch> stored)
    {
        var news = new HubNews
        {
            Orchestrations = stored.Exists(batch => batch.Batch.Messages.Count + batch.Batch.Orchestrations.Count > 0),
            Entities = stored.Exists(batch => batch.Batch.EntityMessages.Count > 0 || batch.Batch.ReturnParked),
        };
        news.Instances.UnionWith(stored.SelectMany(batch => batch.Batch.Orchestrations).Select(created => created.InstanceId));
        if (!news.IsEmpty)
        {
            notifier.Publish(news);
        }

        // Messages that came during a batch wait for its end: this process looks for them.
        signals.Of(WorkKind.Entity).Set();
    }
}

/// <summary>A batch that waits for its commit, with its texts written already: that is done by the caller.</summary>
internal sealed class PreparedEntityBatch(EntityCommit batch)
{
    public EntityCommit Batch { get; } = batch;

    public EntityLock Lock => Batch.Lock;

    public string[] Messages { get; } = [.. batch.Messages.Select(message => HistorySerializer.Serialize(message.Event))];

    public string[] Starts { get; } = [.. batch.Orchestrations.Select(created => HistorySerializer.Serialize(created.Start))];

    /// <summary>The commit's outcome, for the caller who waits.</summary>
    public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
