using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The statements that store a group of turns, in the order that their rules need: what was consumed goes first, then the instances change,
/// then what the turns create is created, and messages come last, when it is settled who exists and who has ended.
/// A kind of change that no turn of the group makes costs nothing.
/// </summary>
/// <param name="replaceable">Ended instances whose rows are locked: a sub-orchestration may take their place.</param>
internal sealed class TurnStatements(IReadOnlyList<PreparedTurn> turns, HashSet<string> replaceable, HubNews news)
{
    /// <summary>How many columns the rows of schedule_activities have; no other statement here has as many.</summary>
    public const int ActivityColumns = 4;

    private static readonly SqlStatements Sql = HubDatabase.Sql;
    private NpgsqlBatch _batch = null!;

    public void Fill(NpgsqlBatch batch, string channel, string self)
    {
        _batch = batch;
        Consume();
        UpdateInstances();
        EndExecutions();
        AppendHistory();
        ScheduleActivities();
        ChangeTimers();
        CreateSubOrchestrations();
        RewindChildren();
        SendMessages();
        if (!news.IsEmpty)
        {
            _batch.Add(Sql["notify"], channel, news.Payloads(self).ToArray());
        }
    }

    private void Consume()
    {
        Add("consume_messages", turns.SelectMany(turn => turn.Turn.ConsumedMessages).ToArray());
        var finished = turns.SelectMany(turn => turn.Turn.FinishedActivities).ToArray();
        Add("finish_activities",
            Column(finished, held => held.ActivityId), Column(finished, held => held.WorkerId), Column(finished, held => held.Fence));
    }

    private void UpdateInstances()
    {
        Add("update_instances",
            Column(turns, turn => turn.InstanceId),
            Column(turns, turn => (short)turn.Turn.Status),
            Column(turns, turn => turn.Turn.CustomStatus),
            Column(turns, turn => turn.Turn.Output),
            Column(turns, turn => turn.Failure),
            Column(turns, turn => turn.KeptHistory + turn.History.Length));
        var continued = turns.Where(turn => turn.Turn.ContinueAs is not null).ToArray();
        Add("continue_instances",
            Column(continued, turn => turn.InstanceId),
            Column(continued, turn => turn.NextExecutionId),
            Column(continued, turn => turn.Turn.ContinueAs!.Name),
            Column(continued, turn => turn.Turn.ContinueAs!.Version),
            Column(continued, turn => turn.Turn.ContinueAs!.Input));
    }

    private void EndExecutions()
    {
        var ended = turns.Where(turn => turn.Ends).Select(turn => turn.InstanceId).ToArray();
        var continued = turns.Where(turn => turn.Turn.ContinueAs is not null).ToArray();
        var continuedIds = Column(continued, turn => turn.InstanceId);
        Add("clear_activities", ended.Union(continuedIds, StringComparer.Ordinal).ToArray());
        Add("clear_inbox", ended);
        Add("clear_execution_inbox", continuedIds);
        var rewound = turns.Where(turn => turn.Turn.ReplacesHistory).Select(turn => turn.InstanceId);
        Add("clear_history", continuedIds.Union(rewound, StringComparer.Ordinal).ToArray());
        var goesOn = continued.Where(turn => !turn.Ends).ToArray();
        var first = goesOn.SelectMany(turn => turn.ContinuedMessages.Select(text => (turn.InstanceId, text))).ToArray();
        Add("post_continued_starts", Column(first, message => message.InstanceId), Column(first, message => message.text));
        news.Orchestrations |= first.Length > 0;
    }

    private void AppendHistory()
    {
        var events = turns.SelectMany(turn =>
            turn.History.Select((text, i) => (turn.InstanceId, Seq: turn.KeptHistory + i + 1, text))).ToArray();
        Add("append_history",
            Column(events, entry => entry.InstanceId), Column(events, entry => entry.Seq), Column(events, entry => entry.text));
    }

    private void ScheduleActivities()
    {
        var all = turns.SelectMany(turn => turn.Activities.Select((text, i) =>
            (Owner: turn, Task: turn.Turn.Activities[i], text, IsClaimed: i < turn.Turn.ClaimActivities))).ToArray();
        Add("schedule_activities",
            Column(all, activity => activity.Owner.InstanceId),
            Column(all, activity => activity.Owner.NextExecutionId),
            Column(all, activity => activity.Task.EventId),
            Column(all, activity => activity.Task.Name),
            Column(all, activity => activity.Task.Version),
            Column(all, activity => activity.text),
            Column(all, activity => activity.IsClaimed ? activity.Owner.Turn.Lock.WorkerId : null),
            Column(all, activity => activity.Owner.Turn.ClaimLease));
        news.Activities |= all.Any(activity => !activity.IsClaimed);
    }

    private void ChangeTimers()
    {
        var cancelled = turns.SelectMany(turn => turn.Turn.CancelledTimers.Select(id => (Owner: turn, Id: id))).ToArray();
        Add("cancel_timers",
            Column(cancelled, timer => timer.Owner.InstanceId),
            Column(cancelled, timer => timer.Owner.Turn.ExecutionId),
            Column(cancelled, timer => timer.Id));
        var started = turns.SelectMany(turn => turn.Timers.Select((text, i) => (Owner: turn, Timer: turn.Turn.Timers[i], text))).ToArray();
        Add("start_timers",
            Column(started, timer => timer.Owner.InstanceId),
            Column(started, timer => timer.Owner.NextExecutionId),
            Column(started, timer => Rows.Utc(timer.Timer.FireAt)),
            Column(started, timer => timer.Timer.TimerId),
            Column(started, timer => timer.text));
    }

    private void CreateSubOrchestrations()
    {
        var all = turns.SelectMany(turn =>
            turn.Starts.Select((text, i) => (Creator: turn, New: turn.Turn.SubOrchestrations[i], text))).ToArray();
        if (all.Length == 0)
        {
            return;
        }

        var ids = Column(all, created => created.New.InstanceId);
        var executions = Column(all, created => created.New.ExecutionId);
        NewInstances.AddTo(_batch, Column(all, created => created.New), Column(all, created => created.text), replaceable);
        Add("post_refusals",
            ids,
            executions,
            Column(all, created => created.Creator.InstanceId),
            Column(all, created => HistorySerializer.Serialize(
                HubErrors.SubOrchestrationExists(created.New, created.New.Start.Timestamp))));
        news.Orchestrations = true;
        news.Instances.UnionWith(ids);
    }

    private void RewindChildren()
    {
        var all = turns.SelectMany(turn => turn.Turn.RewoundChildren.Select(child => (Creator: turn, Child: child))).ToArray();
        Add("rewind_instances",
            Column(all, rewound => rewound.Child.InstanceId), Column(all, rewound => HistorySerializer.Serialize(rewound.Child.Event)));
        Add("post_rewind_refusals",
            Column(all, rewound => rewound.Child.InstanceId),
            Column(all, rewound => rewound.Creator.InstanceId),
            Column(all, rewound => HistorySerializer.Serialize(rewound.Child.Refusal)));
        news.Orchestrations |= all.Length > 0;
        news.Instances.UnionWith(all.Select(rewound => rewound.Child.InstanceId));
    }

    private void SendMessages()
    {
        var starts = turns.SelectMany(turn => turn.Terminated).Distinct(StringComparer.Ordinal).ToArray();
        Add("bring_starts_forward", starts);
        Add("bring_messages_forward", starts);
        var all = turns.SelectMany(turn => turn.Messages.Select((text, i) => (Message: turn.Turn.Messages[i], text))).ToArray();
        Add("post_messages",
            Column(all, sent => sent.Message.InstanceId), Column(all, sent => sent.Message.ExecutionId), Column(all, sent => sent.text));
        news.Orchestrations |= all.Length > 0;
        var toEntities = turns.SelectMany(turn => turn.Turn.EntityMessages).ToArray();
        Add("post_entity_messages", EntityRows.MessageColumns(toEntities));
        news.Entities |= toEntities.Length > 0;
    }

    /// <summary>Adds a statement over arrays of equal length; none when they are empty.</summary>
    private void Add(string statement, params Array[] columns)
    {
        if (columns[0].Length > 0)
        {
            _batch.Add(Sql[statement], columns);
        }
    }

    private static TValue[] Column<TItem, TValue>(IReadOnlyCollection<TItem> items, Func<TItem, TValue> value)
    {
        var column = new TValue[items.Count];
        var i = 0;
        foreach (var item in items)
        {
            column[i++] = value(item);
        }

        return column;
    }
}
