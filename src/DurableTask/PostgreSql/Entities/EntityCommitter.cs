using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Stores batches of entities in groups. When a group fails before its COMMIT, each of its batches is tried alone, so that one that cannot
/// be stored, or a connection that is gone, fails nobody else; when it fails during COMMIT, nobody knows the outcome, and every caller is
/// told so by the exception: the fences decide when they come back.
/// </summary>
internal sealed partial class EntityCommitter(
    HubDatabase database, HubSignals signals, HubNotifier notifier, TimeProvider timeProvider, ILogger logger)
    : GroupCommitter<GroupConnection>(database.Options, maxGroups: 1)
{
    public Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken) =>
        EnqueueAsync(new PreparedEntityBatch(batch), cancellationToken);

    protected override GroupConnection CreateStore() => new(database, timeProvider);

    protected override async Task CommitGroupAsync(GroupConnection store, List<GroupOperation> group)
    {
        var state = new GroupTransactionState();
        try
        {
            await TransactAsync(store, group.ConvertAll(static operation => (PreparedEntityBatch)operation), state);
        }
        catch (Exception exception)
        {
            await store.DisposeAsync();
            var open = group.FindAll(static operation => !operation.IsAnswered);
            if (open.Count == 1 || (state.IsSent && !Refusals.Is(exception)))
            {
                open.ForEach(operation => operation.Fail(exception));
                return;
            }

            Log.GroupFailed(logger, open.Count, database.Channel, exception.Message);
            foreach (var operation in open)
            {
                await CommitGroupAsync(store, [operation]);
            }
        }
    }

    private async Task TransactAsync(GroupConnection store, List<PreparedEntityBatch> group, GroupTransactionState state)
    {
        var connection = await store.OpenAsync();
        var began = timeProvider.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var held = await LockAsync(connection, group);
        var valid = group.Where(batch => held.Contains((batch.Lock.EntityId, batch.Lock.WorkerId, batch.Lock.Fence))).ToList();
        foreach (var lost in group.Except(valid))
        {
            lost.Fail(WorkItemLockLostException.ForEntity(lost.Lock.EntityId));
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

        state.IsSent = true;
        await transaction.CommitAsync(CancellationToken.None);
        store.Stored(began);
        valid.ForEach(static batch => batch.Answer(true));
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

    private static partial class Log
    {
        [LoggerMessage(
            6, LogLevel.Warning,
            "{Count} batches of entities could not be stored together in task hub '{Hub}', storing each alone: {Reason}")]
        public static partial void GroupFailed(ILogger logger, int count, string hub, string reason);
    }
}

/// <summary>A batch that waits for its commit, with its texts written already: that is done by the caller.</summary>
internal sealed class PreparedEntityBatch(EntityCommit batch) : GroupOperation<bool>
{
    public override string InstanceId => Lock.EntityId;

    public EntityCommit Batch { get; } = batch;

    public EntityLock Lock => Batch.Lock;

    public string[] Messages { get; } = [.. batch.Messages.Select(message => HistorySerializer.Serialize(message.Event))];

    public string[] Starts { get; } = [.. batch.Orchestrations.Select(created => HistorySerializer.Serialize(created.Start))];
}
