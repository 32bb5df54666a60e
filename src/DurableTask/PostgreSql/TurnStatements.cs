using System.Text;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The statements that store what is beyond commit_turns, after it, in the order that their rules need: what the turns create is created,
/// and messages come last, when it is settled who exists and who has ended.
/// A kind of change that no turn of the group makes costs nothing.
/// </summary>
/// <param name="replaceable">Ended instances whose rows are locked: a sub-orchestration may take their place.</param>
internal sealed class TurnStatements(IReadOnlyList<PreparedTurn> turns, HashSet<string> replaceable, HubNews news)
{
    private static readonly SqlStatements Sql = HubDatabase.Sql;
    private NpgsqlBatch _batch = null!;

    public void Fill(NpgsqlBatch batch)
    {
        _batch = batch;
        ContinueInstances();
        ChangeTimers();
        CreateSubOrchestrations();
        RewindChildren();
        SendMessages();
    }

    private void ContinueInstances()
    {
        var continued = turns.Where(turn => turn.Turn.ContinueAs is not null).ToArray();
        var ids = Column(continued, turn => turn.InstanceId);
        Add("continue_instances",
            ids,
            Column(continued, turn => turn.NextExecutionId),
            Column(continued, turn => turn.Turn.ContinueAs!.Name),
            Column(continued, turn => turn.Turn.ContinueAs!.Version),
            Column(continued, turn => turn.Turn.ContinueAs!.Input));
        Add("clear_execution_inbox", ids);
        var rewound = turns.Where(turn => turn.Turn.ReplacesHistory).ToArray();
        var rewoundIds = Column(rewound, turn => turn.InstanceId);
        Add("clear_history", ids.Union(rewoundIds, StringComparer.Ordinal).ToArray());
        Add("append_history", rewoundIds, Column(rewound, _ => 1), Column(rewound, turn => Encoding.UTF8.GetString(turn.History!)));
        var goesOn = continued.Where(turn => !turn.Ends).ToArray();
        var first = goesOn.SelectMany(turn => turn.ContinuedMessages.Select(text => (turn.InstanceId, text))).ToArray();
        Add("post_continued_starts", Column(first, message => message.InstanceId), Column(first, message => message.text));
        news.Orchestrations |= first.Length > 0;
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
        var all = turns.SelectMany(
            turn => turn.Messages.Select((text, i) => (Sender: turn, Message: turn.Turn.Messages[i], text))).ToArray();
        var toChildren = Array.FindAll(all, static sent => sent.Message.IsToChild);
        var children = Column(toChildren, sent => sent.Message.InstanceId);
        var parents = Column(toChildren, sent => sent.Sender.InstanceId);
        Add("bring_child_starts_forward", children, parents);
        Add("bring_messages_forward", children);
        Add("post_child_messages", children, parents, Column(toChildren, sent => sent.text));
        var toAny = toChildren.Length == 0 ? all : Array.FindAll(all, static sent => !sent.Message.IsToChild);
        Add("post_messages",
            Column(toAny, sent => sent.Message.InstanceId),
            Column(toAny, sent => sent.Message.ExecutionId),
            Column(toAny, sent => sent.text));
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
