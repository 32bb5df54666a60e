using DurableTask.Core.History;
using Npgsql;
using NpgsqlTypes;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The statements that every group consists of, as arrays with one entry per row that they write.</summary>
internal static class GroupCommands
{
    private static readonly string CreateSql = HubDatabase.Sql["create_fresh_instances"];
    private static readonly string OpenSql = HubDatabase.Sql["create_opened_instances"];
    private static readonly string OpenLoneSql = HubDatabase.Sql["create_opened_instance"];
    private static readonly string CommitResidentSql = HubDatabase.Sql["commit_resident_turns"];
    private static readonly string CommitLoneResidentSql = HubDatabase.Sql["commit_resident_turn"];
    private static readonly string EndResidentSql = HubDatabase.Sql["end_resident_turns"];
    private static readonly string EndLoneResidentSql = HubDatabase.Sql["end_resident_turn"];
    private static readonly string CommitSql = HubDatabase.Sql["commit_turns"];

    public static NpgsqlBatchCommand Create(PreparedStart[] starts)
    {
        var command = new NpgsqlBatchCommand(CreateSql);
        Add(command, starts, static start => start.InstanceId);
        Add(command, starts, static start => start.Created.ExecutionId);
        Add(command, starts, static start => start.Created.Start.Name);
        Add(command, starts, static start => start.Created.Start.Version);
        Add(command, starts, static start => start.Created.Start.ParentInstance?.OrchestrationInstance.InstanceId);
        Add(command, starts, static start => start.Tags);
        Add(command, starts, static start => Rows.Moment(start.Created.Start.ScheduledStartTime));
        Add(command, starts, static start => start.Created.Start.Input);
        Add(command, starts, static start => start.Worker?.WorkerId);
        Add(command, starts, static start => start.Text);
        return command;
    }

    /// <summary>For turns that are <see cref="PreparedTurn.IsOpening"/>.</summary>
    public static NpgsqlBatchCommand Open(PreparedTurn[] turns)
    {
        var command = new NpgsqlBatchCommand(turns.Length == 1 ? OpenLoneSql : OpenSql);
        AddEach(command, turns, static turn => turn.InstanceId);
        AddEach(command, turns, static turn => turn.Turn.ExecutionId);
        AddEach(command, turns, static turn => turn.Start!.Created.Start.Name);
        AddEach(command, turns, static turn => turn.Start!.Created.Start.Version);
        AddEach(command, turns, static turn => turn.Start!.Created.Start.ParentInstance?.OrchestrationInstance.InstanceId);
        AddEach(command, turns, static turn => turn.Start!.Tags);
        AddEach(command, turns, static turn => turn.Start!.Created.Start.Input);
        AddEach(command, turns, static turn => turn.Turn.Lock.WorkerId);
        AddEach(command, turns, static turn => turn.HistoryAfter);
        AddEach(command, turns, static turn => (short)turn.Turn.Status);
        AddEach(command, turns, static turn => turn.Turn.CustomStatus);
        AddHistory(command, turns);
        return command;
    }

    /// <summary>For turns that are <see cref="PreparedTurn.IsResident"/> and go on.</summary>
    public static NpgsqlBatchCommand CommitResident(PreparedTurn[] turns)
    {
        var command = new NpgsqlBatchCommand(turns.Length == 1 ? CommitLoneResidentSql : CommitResidentSql);
        AddResident(command, turns);
        return command;
    }

    /// <summary>For turns that are <see cref="PreparedTurn.IsResident"/> and end.</summary>
    public static NpgsqlBatchCommand EndResident(PreparedTurn[] turns)
    {
        var command = new NpgsqlBatchCommand(turns.Length == 1 ? EndLoneResidentSql : EndResidentSql);
        AddResident(command, turns);
        AddEach(command, turns, static turn => turn.Turn.Output);
        AddEach(command, turns, static turn => turn.Failure);
        return command;
    }

    private static void AddResident(NpgsqlBatchCommand command, PreparedTurn[] turns)
    {
        AddEach(command, turns, static turn => turn.InstanceId);
        AddEach(command, turns, static turn => turn.Turn.ExecutionId);
        AddEach(command, turns, static turn => turn.Turn.Lock.WorkerId);
        AddEach(command, turns, static turn => turn.Turn.Lock.Fence);
        AddEach(command, turns, static turn => turn.Turn.HistoryCount);
        AddEach(command, turns, static turn => turn.HistoryAfter);
        AddEach(command, turns, static turn => (short)turn.Turn.Status);
        AddEach(command, turns, static turn => turn.Turn.CustomStatus);
        AddHistory(command, turns);
    }

    public static NpgsqlBatchCommand Commit(PreparedTurn[] turns)
    {
        var command = new NpgsqlBatchCommand(CommitSql);
        Add(command, turns, static turn => turn.InstanceId);
        Add(command, turns, static turn => turn.Turn.ExecutionId);
        Add(command, turns, static turn => turn.Turn.Lock.WorkerId);
        Add(command, turns, static turn => turn.Turn.Lock.Fence);
        Add(command, turns, static turn => turn.Turn.LockHeld);
        Add(command, turns, static turn => turn.Turn.HistoryCount);
        Add(command, turns, static turn => turn.HistoryAfter);
        Add(command, turns, static turn => (short)turn.Turn.Status);
        Add(command, turns, static turn => turn.Turn.CustomStatus);
        Add(command, turns, static turn => turn.Turn.Output);
        Add(command, turns, static turn => turn.Failure);
        AddTexts(command, turns, static turn => turn.Turn.ReplacesHistory ? null : turn.History);
        Add(command, turns, static turn => turn.Turn.ContinueAs is not null);
        Add(command, turns, static turn => turn.Stays);
        Add(command, turns, static turn => turn.Turn.ClaimLease);

        var consumed = ItemsOf(turns, static turn => turn.Turn.ConsumedMessages);
        Add(command, consumed, static row => row.Item);
        Add(command, consumed, static row => row.Turn);

        // Those without a row are finished by being in the history.
        var finished = ItemsOf(turns, static turn => turn.Turn.FinishedActivities);
        finished.RemoveAll(static row => row.Item.ActivityId == Residents.NoRow);
        Add(command, finished, static row => row.Item.ActivityId);
        Add(command, finished, static row => row.Item.WorkerId);
        Add(command, finished, static row => row.Item.Fence);
        Add(command, finished, static row => row.Turn);

        var scheduled = Activities(turns);
        Add(command, scheduled, static row => row.Task.EventId);
        Add(command, scheduled, static row => row.Task.Name);
        Add(command, scheduled, static row => row.Task.Version);
        Add(command, scheduled, static row => row.Text);
        Add(command, scheduled, static row => row.IsClaimed);
        Add(command, scheduled, static row => row.Turn);
        return command;
    }

    private static List<(T Item, long Turn)> ItemsOf<T>(PreparedTurn[] turns, Func<PreparedTurn, IReadOnlyList<T>> items)
    {
        var rows = new List<(T Item, long Turn)>();
        for (var i = 0; i < turns.Length; i++)
        {
            var list = items(turns[i]);
            for (var j = 0; j < list.Count; j++)
            {
                rows.Add((list[j], i + 1));
            }
        }

        return rows;
    }

    private static List<(TaskScheduledEvent Task, string Text, bool IsClaimed, long Turn)> Activities(PreparedTurn[] turns)
    {
        var rows = new List<(TaskScheduledEvent Task, string Text, bool IsClaimed, long Turn)>();
        for (var i = 0; i < turns.Length; i++)
        {
            var turn = turns[i];
            for (var j = 0; j < turn.Activities.Length; j++)
            {
                rows.Add((turn.Turn.Activities[j], turn.Activities[j], j < turn.Turn.ClaimActivities, i + 1));
            }
        }

        return rows;
    }

    /// <summary>A parameter with one entry per item.</summary>
    public static void Add<TItem, TValue>(NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, TValue> value) =>
        command.Parameters.Add(new NpgsqlParameter<TValue[]> { TypedValue = Column(items, value) });

    /// <summary>A parameter with one entry per turn; for a lone turn, which has a statement of its own, the entry itself.</summary>
    private static void AddEach<T>(NpgsqlBatchCommand command, PreparedTurn[] turns, Func<PreparedTurn, T> value)
    {
        if (turns is [var lone])
        {
            command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value(lone) });
        }
        else
        {
            Add(command, turns, value);
        }
    }

    private static void AddHistory(NpgsqlBatchCommand command, PreparedTurn[] turns)
    {
        if (turns is [var lone])
        {
            command.Parameters.Add(new NpgsqlParameter<byte[]?> { TypedValue = lone.History, NpgsqlDbType = NpgsqlDbType.Text });
        }
        else
        {
            AddTexts(command, turns, static turn => turn.History);
        }
    }

    /// <summary>Texts that are in UTF-8 already.</summary>
    private static void AddTexts<TItem>(NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, byte[]?> value) =>
        command.Parameters.Add(new NpgsqlParameter<byte[]?[]>
        {
            TypedValue = Column(items, value), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });

    private static TValue[] Column<TItem, TValue>(IReadOnlyList<TItem> items, Func<TItem, TValue> value)
    {
        var column = new TValue[items.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(items[i]);
        }

        return column;
    }
}
