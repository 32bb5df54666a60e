using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Stores a group of turns of different instances in one transaction: lock their rows in the order of the ids, drop the turns whose lock is
/// lost, write the rest with one statement per kind of change, commit once.
/// </summary>
internal sealed class TurnTransaction(HubDatabase database, string self)
{
    /// <summary>Commits the group. A turn whose lock was lost is answered right away; the others are answered by the result.</summary>
    /// <returns>The receipts of the stored turns, and the news to publish.</returns>
    public async Task<(IReadOnlyList<(PreparedTurn Turn, TurnReceipt Receipt)> Stored, HubNews News)> CommitAsync(
        IReadOnlyList<PreparedTurn> group, TurnTransactionState state, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rows = await LockAsync(connection, group, cancellationToken);
        var valid = new List<PreparedTurn>(group.Count);
        var news = new HubNews();
        foreach (var turn in group)
        {
            if (!rows.TryGetValue(turn.InstanceId, out var row) || !row.Allows(turn.Turn))
            {
                turn.Completion.TrySetException(WorkItemLockLostException.ForInstance(turn.InstanceId));
                continue;
            }

            valid.Add(turn);
            if (row.Changed)
            {
                news.Instances.Add(turn.InstanceId);
            }
        }

        if (valid.Count == 0)
        {
            return ([], news);
        }

        await using var batch = new NpgsqlBatch(connection, transaction);
        var replaceable = rows.Values.Where(row => row.Ended).Select(row => row.InstanceId).ToHashSet(StringComparer.Ordinal);
        new TurnStatements(valid, replaceable, news).Fill(batch, database.Channel, self);
        var claimed = await WriteAsync(batch, valid, cancellationToken);
        state.Committing = true;
        await transaction.CommitAsync(cancellationToken);
        return ([.. valid.Select(turn => (turn, new TurnReceipt(rows[turn.InstanceId].Fence + 1, claimed[turn.InstanceId])))], news);
    }

    private static async Task<Dictionary<string, InstanceRow>> LockAsync(
        NpgsqlConnection connection, IReadOnlyList<PreparedTurn> group, CancellationToken cancellationToken)
    {
        var written = group.ToDictionary(turn => turn.InstanceId, turn => turn.Turn, StringComparer.Ordinal);
        var ids = group.SelectMany(turn => turn.OtherInstances.Prepend(turn.InstanceId)).Distinct(StringComparer.Ordinal).ToArray();
        await using var command = connection.CreateCommand(
            HubDatabase.Sql["lock_turns"],
            ids,
            ids.Select(id => written.TryGetValue(id, out var turn) ? (short)turn.Status : (short)0).ToArray(),
            ids.Select(id => written.GetValueOrDefault(id)?.CustomStatus).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = await HubDatabase.ReadAllAsync(reader, InstanceRow.Read, cancellationToken);
        return rows.ToDictionary(row => row.InstanceId, StringComparer.Ordinal);
    }

    /// <summary>Runs the batch; only the scheduled activities come back as rows that matter.</summary>
    private static async Task<Dictionary<string, List<ActivityWorkItem>>> WriteAsync(
        NpgsqlBatch batch, IReadOnlyList<PreparedTurn> turns, CancellationToken cancellationToken)
    {
        var byInstance = turns.ToDictionary(turn => turn.InstanceId, turn => turn.Turn, StringComparer.Ordinal);
        var claimed = turns.ToDictionary(turn => turn.InstanceId, _ => new List<ActivityWorkItem>(), StringComparer.Ordinal);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (reader.FieldCount == TurnStatements.ActivityColumns && await reader.ReadAsync(cancellationToken))
            {
                var turn = byInstance[reader.GetString(1)];
                var position = claimed[reader.GetString(1)].Count;
                if (position < turn.ClaimActivities)
                {
                    claimed[reader.GetString(1)].Add(new ActivityWorkItem(
                        new ActivityLock(
                            reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), turn.Lock.WorkerId, reader.GetInt64(3)),
                        turn.ExecutionId,
                        turn.Activities[position],
                        DeliveryCount: 1));
                }
            }
        }
        while (await reader.NextResultAsync(cancellationToken));

        return claimed;
    }

    /// <summary>What decides whether a turn may be stored, as it is under the row lock.</summary>
    private sealed record InstanceRow(
        string InstanceId, string ExecutionId, long Fence, string? LockedBy, int HistoryCount, bool Changed, bool Ended)
    {
        public static InstanceRow Read(NpgsqlDataReader row) => new(
            row.GetString(0),
            row.GetString(1),
            row.GetInt64(2),
            Rows.Text(row, 3),
            row.GetInt32(4),
            row.GetBoolean(5),
            row.GetBoolean(6));

        public bool Allows(TurnCommit turn) =>
            Fence == turn.Lock.Fence
            && ExecutionId == turn.ExecutionId
            && HistoryCount == turn.HistoryCount
            && (LockedBy == turn.Lock.WorkerId || (!turn.LockHeld && LockedBy is null));
    }
}

/// <summary>How far a transaction came, for whoever has to tell "not stored" from "nobody knows" when it fails.</summary>
internal sealed class TurnTransactionState
{
    /// <summary>True from the moment that COMMIT may have reached the server.</summary>
    public bool Committing { get; set; }
}
