using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Stores a group in one transaction. New instances and plain turns take one round trip, in a batch that is a transaction of its own: a
/// statement for instances, one for those that come with their first turn, one for turns that live on in memory, one for those that end
/// there, one for the others. When a turn does more (timers, messages, sub-orchestrations, a new execution), the rows that the group may
/// write are locked first, in the order of the ids, and the rest follows in a second batch, with one statement per kind of change. One
/// connection is kept for it.
/// </summary>
internal sealed class TurnTransaction(HubDatabase database, WorkerLeases leases, Residents residents, TimeProvider timeProvider)
    : IAsyncDisposable
{
    private readonly GroupConnection _connection = new(database, timeProvider);

    /// <summary>Commits the group and answers it.</summary>
    /// <returns>The news to publish.</returns>
    public async Task<HubNews> CommitAsync(List<GroupOperation> group, GroupTransactionState state)
    {
        group.Sort(static (one, other) => string.CompareOrdinal(one.InstanceId, other.InstanceId));
        var parts = new GroupParts(group);
        await PrepareAsync(parts);
        try
        {
            var connection = await _connection.OpenAsync();
            var began = timeProvider.GetTimestamp();
            var news = Array.TrueForAll(parts.Turns, static turn => turn.IsPlain)
                ? await CommitPlainAsync(connection, parts, state)
                : await CommitAllAsync(connection, parts, state);
            _connection.Stored(began);
            return news;
        }
        catch (Exception exception)
        {
            state.IsUnknown = state.IsSent && !Refusals.Is(exception);
            await _connection.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<HubNews> CommitPlainAsync(NpgsqlConnection connection, GroupParts parts, GroupTransactionState state)
    {
        await using var batch = new NpgsqlBatch(connection);
        AddFirst(batch, parts);
        state.IsSent = true;
        return Answer(await ReadAsync(batch, parts), new HubNews(), state);
    }

    private async Task<HubNews> CommitAllAsync(NpgsqlConnection connection, GroupParts parts, GroupTransactionState state)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var ended = await LockAsync(connection, parts.Turns);
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddFirst(batch, parts);
        var results = await ReadAsync(batch, parts);
        var news = new HubNews();
        await using var rest = new NpgsqlBatch(connection, transaction);
        new TurnStatements([.. results.Turns.Where(result => result.IsStored).Select(result => result.Turn)], ended, news).Fill(rest);
        if (rest.BatchCommands.Count > 0)
        {
            await rest.ExecuteNonQueryAsync();
        }

        state.IsSent = true;
        await transaction.CommitAsync();
        return Answer(results, news, state);
    }

    private static void AddFirst(NpgsqlBatch batch, GroupParts parts)
    {
        if (parts.Starts.Length > 0)
        {
            batch.BatchCommands.Add(GroupCommands.Create(parts.Starts));
        }

        if (parts.Opening.Length > 0)
        {
            batch.BatchCommands.Add(GroupCommands.Open(parts.Opening));
        }

        if (parts.Resident.Length > 0)
        {
            batch.BatchCommands.Add(GroupCommands.CommitResident(parts.Resident));
        }

        if (parts.Ending.Length > 0)
        {
            batch.BatchCommands.Add(GroupCommands.EndResident(parts.Ending));
        }

        if (parts.Other.Length > 0)
        {
            batch.BatchCommands.Add(GroupCommands.Commit(parts.Other));
        }
    }

    /// <summary>Decides what stays in memory, and extends the leases of the workers in whose memory it does.</summary>
    private async Task PrepareAsync(GroupParts parts)
    {
        foreach (var turn in parts.Turns)
        {
            turn.Stays = residents.StaysAfter(turn.Turn);
            turn.IsOpening = turn.Stays && !turn.Ends && turn.TouchesNoRows && turn.Start is not null;
            turn.IsResident = (turn.Stays || turn.Ends) && turn.TouchesNoRows && turn.Start is null && residents.IsAt(turn.Turn);
            if (turn.Turn.ClaimActivities > 0)
            {
                await leases.EnsureAsync(turn.Turn.Lock.WorkerId, turn.Turn.ClaimLease, CancellationToken.None);
            }
        }

        parts.Split();
        foreach (var start in parts.Starts)
        {
            if (start.Worker is { } worker)
            {
                await leases.EnsureAsync(worker.WorkerId, worker.Lease, CancellationToken.None);
            }
        }
    }

    /// <returns>Which of the instances have ended: a sub-orchestration may take their place.</returns>
    private static async Task<HashSet<string>> LockAsync(NpgsqlConnection connection, PreparedTurn[] turns)
    {
        var ids = turns.SelectMany(turn => turn.OtherInstances.Prepend(turn.InstanceId)).Distinct(StringComparer.Ordinal).ToArray();
        await using var command = connection.CreateCommand(HubDatabase.Sql["lock_turns"], [ids]);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = await HubDatabase.ReadAllAsync(reader, row => (Id: row.GetString(0), Ended: row.GetBoolean(1)), CancellationToken.None);
        return rows.Where(row => row.Ended).Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
    }

    private static async Task<GroupResults> ReadAsync(NpgsqlBatch batch, GroupParts parts)
    {
        var results = new GroupResults([]);
        await using var reader = await batch.ExecuteReaderAsync();
        if (parts.Starts.Length > 0)
        {
            var byId = parts.Starts.ToDictionary(start => start.InstanceId, StringComparer.Ordinal);
            while (await reader.ReadAsync())
            {
                results.Starts.Add((byId[reader.GetString(0)], reader.GetBoolean(1), reader.GetFieldValue<DateTimeOffset>(2)));
                byId.Remove(reader.GetString(0));
            }

            results.Taken = byId.Values;
            await reader.NextResultAsync();
        }

        if (parts.Opening.Length > 0)
        {
            var byId = parts.Opening.ToDictionary(turn => turn.InstanceId, turn => new TurnOutcome(turn), StringComparer.Ordinal);
            while (await reader.ReadAsync())
            {
                byId[reader.GetString(0)].ReadOpened(reader);
            }

            results.Turns.AddRange(byId.Values);
            await reader.NextResultAsync();
        }

        results.Turns.AddRange(await ReadAsync(reader, parts.Resident, static (turn, row) => turn.ReadResident(row)));
        results.Turns.AddRange(await ReadAsync(reader, parts.Ending, static (turn, row) => turn.ReadResident(row)));
        results.Turns.AddRange(await ReadAsync(reader, parts.Other, static (turn, row) => turn.Read(row)));
        while (await reader.NextResultAsync())
        {
            // Errors of the commit arrive with the end of the batch.
        }

        return results;
    }

    private static async Task<TurnOutcome[]> ReadAsync(
        NpgsqlDataReader reader, PreparedTurn[] turns, Action<TurnOutcome, NpgsqlDataReader> read)
    {
        if (turns.Length == 0)
        {
            return [];
        }

        var outcomes = Array.ConvertAll(turns, static turn => new TurnOutcome(turn));
        while (await reader.ReadAsync())
        {
            // Positions of an array count from 1.
            read(outcomes[reader.GetInt64(0) - 1], reader);
        }

        await reader.NextResultAsync();
        return outcomes;
    }

    private HubNews Answer(GroupResults results, HubNews news, GroupTransactionState state)
    {
        foreach (var (start, isInMemory, createdAt) in results.Starts)
        {
            if (isInMemory)
            {
                residents.Begin(start.Created, start.Worker!.WorkerId, createdAt);
                start.Begin(createdAt);
            }
            else
            {
                news.Orchestrations = true;
                start.Answer(StartOutcome.Posted);
            }

            news.Instances.Add(start.InstanceId);
        }

        foreach (var start in results.Taken)
        {
            start.Answer(StartOutcome.Taken);
        }

        foreach (var result in results.Turns)
        {
            if (!result.IsStored)
            {
                if (result.Turn.IsOpening)
                {
                    result.Turn.Start!.Answer(StartOutcome.Taken);
                }

                // The start is answered by itself.
                result.Turn.Part();
                result.Turn.Fail(WorkItemLockLostException.ForInstance(result.Turn.InstanceId));
                continue;
            }

            if (result.Turn.IsOpening)
            {
                residents.Begin(result.Turn.Start!.Created, result.Turn.Turn.Lock.WorkerId, result.UpdatedAt);
                result.Turn.Start.Begin(result.UpdatedAt);
            }

            var claimed = result.Claimed();
            var isChanged = result.Turn.IsResident ? residents.MayChange(result.Turn.Turn) : result.IsChanged;
            var known = residents.Stored(result.Turn.Turn, claimed, result.UpdatedAt);
            if (isChanged)
            {
                news.Instances.Add(result.Turn.InstanceId);
                if (known is not null && result.Turn.Ends)
                {
                    news.Ended.Add(result.Turn.InstanceId);
                    result.Turn.Became = known;
                }
                else if (known is not null)
                {
                    news.States[result.Turn.InstanceId] = known;
                }
            }

            news.Activities |= !result.Turn.Ends && claimed.Length < result.Turn.ActivityCount;
            state.NeedsLook |= (result.HasUnread && !result.Turn.Ends) || result.Turn.Timers.Length > 0;
            result.Turn.Answer(new TurnReceipt(result.Fence, claimed));
        }

        return news;
    }

    /// <summary>A group by the statements that store it.</summary>
    private sealed class GroupParts(List<GroupOperation> group)
    {
        public PreparedTurn[] Turns { get; } = [.. group.OfType<PreparedTurn>()];

        /// <summary>Those that come by themselves, or with a first turn that is more than its instance and history.</summary>
        public PreparedStart[] Starts { get; private set; } = [];

        public PreparedTurn[] Opening { get; private set; } = [];

        public PreparedTurn[] Resident { get; private set; } = [];

        public PreparedTurn[] Ending { get; private set; } = [];

        public PreparedTurn[] Other { get; private set; } = [];

        public void Split()
        {
            Starts =
            [
                .. group.OfType<PreparedStart>(),
                .. Turns.Where(static turn => turn is { IsOpening: false, Start: not null }).Select(static turn => turn.Start!),
            ];
            Opening = Array.FindAll(Turns, static turn => turn.IsOpening);
            Resident = Array.FindAll(Turns, static turn => turn is { IsResident: true, Ends: false });
            Ending = Array.FindAll(Turns, static turn => turn is { IsResident: true, Ends: true });
            Other = Array.FindAll(Turns, static turn => turn is { IsResident: false, IsOpening: false });
        }
    }

    private sealed record GroupResults(List<(PreparedStart Start, bool IsInMemory, DateTimeOffset CreatedAt)> Starts)
    {
        public List<TurnOutcome> Turns { get; } = [];

        public IReadOnlyCollection<PreparedStart> Taken { get; set; } = [];
    }

    /// <summary>What became of a turn.</summary>
    private sealed class TurnOutcome(PreparedTurn turn)
    {
        private readonly List<(long Id, int TaskId)> _rows = [];
        private bool _keeps;

        public PreparedTurn Turn => turn;

        public bool IsStored { get; private set; }

        public bool IsChanged { get; private set; }

        public bool HasUnread { get; private set; }

        public long Fence { get; private set; }

        public DateTimeOffset UpdatedAt { get; private set; }

        /// <summary>The row of create_opened_instances.</summary>
        public void ReadOpened(NpgsqlDataReader row)
        {
            IsStored = true;
            IsChanged = true;
            _keeps = true;
            Fence = LocalWorkers.FirstFence + 1;
            UpdatedAt = row.GetFieldValue<DateTimeOffset>(1);
        }

        /// <summary>The row of commit_resident_turns and end_resident_turns.</summary>
        public void ReadResident(NpgsqlDataReader row)
        {
            IsStored = true;
            _keeps = true;
            Fence = row.GetInt64(1);
            UpdatedAt = row.GetFieldValue<DateTimeOffset>(2);
            HasUnread = row.GetBoolean(3);
        }

        /// <summary>One row of commit_turns: one per turn, or one per claimed activity that got a row.</summary>
        public void Read(NpgsqlDataReader row)
        {
            IsStored = true;
            Fence = row.GetInt64(1);
            IsChanged = row.GetBoolean(2);
            _keeps = row.GetBoolean(3);
            UpdatedAt = row.GetFieldValue<DateTimeOffset>(4);
            HasUnread = row.GetBoolean(5);
            if (!row.IsDBNull(6))
            {
                _rows.Add((row.GetInt64(6), row.GetInt32(7)));
            }
        }

        public ActivityWorkItem[] Claimed()
        {
            var count = turn.Ends ? 0 : turn.Turn.ClaimActivities;
            if (count == 0)
            {
                return [];
            }

            var claimed = new ActivityWorkItem[count];
            for (var i = 0; i < count; i++)
            {
                var task = turn.Turn.Activities[i];
                var held = _keeps
                    ? new ActivityLock(Residents.NoRow, turn.InstanceId, task.EventId, turn.Turn.Lock.WorkerId, Fence)
                    : new ActivityLock(_rows[i].Id, turn.InstanceId, _rows[i].TaskId, turn.Turn.Lock.WorkerId, Fence: 1);
                claimed[i] = new ActivityWorkItem(held, turn.NextExecutionId, task, DeliveryCount: 1);
            }

            return claimed;
        }
    }
}
