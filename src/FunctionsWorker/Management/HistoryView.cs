using System.Text.Json;
using System.Text.Json.Nodes;
using DurableTask.Core;
using DurableTask.Core.History;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// A history as the management API shows it: the turns are left out, and what was called stands once, as its completion with the name and
/// time of the call. A <c>Result</c> is a JSON value; an <c>Input</c> is the text that was stored, which is JSON too.
/// </summary>
/// <remarks>
/// Goes over the history twice, so that nobody has to hold it: <see cref="Note"/> each event, then <see cref="Show"/> each. Payloads are
/// kept of those calls only whose completion has not come yet. When a running instance continues as new in between, calls may be missing.
/// </remarks>
internal sealed class HistoryView(bool showInput, bool showOutput)
{
    private readonly Dictionary<(bool IsActivity, int Id), int> _latest = [];
    private readonly HashSet<int> _answered = [];
    private readonly Dictionary<(bool IsActivity, int Id), Call> _open = [];
    private int _noted;
    private int _shown;

    /// <summary>All events that were noted have been shown; what came later is left out.</summary>
    public bool IsWhole => _shown == _noted;

    public void Note(HistoryEvent entry)
    {
        int place = _noted++;
        if (CallOf(entry) is { } call)
        {
            // After a rewind an id may come twice: the later call is the one that is answered next.
            _latest[call] = place;
        }
        else if (AnswerOf(entry) is { } answered && _latest.TryGetValue(answered, out int of))
        {
            _answered.Add(of);
        }
    }

    /// <returns>Null for an event that is not shown, or not by itself.</returns>
    public JsonObject? Show(HistoryEvent entry)
    {
        int place = _shown++;
        if (entry is OrchestratorStartedEvent or OrchestratorCompletedEvent)
        {
            return null;
        }

        if (CallOf(entry) is { } call && _answered.Contains(place))
        {
            (string? name, string? input) = entry is TaskScheduledEvent task
                ? (task.Name, task.Input)
                : (((SubOrchestrationInstanceCreatedEvent)entry).Name, ((SubOrchestrationInstanceCreatedEvent)entry).Input);
            _open[call] = new(name, showInput ? input : null, entry.Timestamp);
            return null;
        }

        JsonObject item = Item(entry, showOutput);
        if (AnswerOf(entry) is { } answered && _open.Remove(answered, out Call? made))
        {
            item["FunctionName"] = made.Name;
            item["ScheduledTime"] = Time(made.At);
            item["Input"] = made.Input;
        }

        if (!showInput)
        {
            item.Remove("Input");
        }

        return item;
    }

    private static (bool IsActivity, int Id)? CallOf(HistoryEvent entry) =>
        entry is TaskScheduledEvent or SubOrchestrationInstanceCreatedEvent ? (entry is TaskScheduledEvent, entry.EventId) : null;

    private static (bool IsActivity, int Id)? AnswerOf(HistoryEvent entry) => entry switch
    {
        TaskCompletedEvent { TaskScheduledId: var id } => (true, id),
        TaskFailedEvent { TaskScheduledId: var id } => (true, id),
        SubOrchestrationInstanceCompletedEvent { TaskScheduledId: var id } => (false, id),
        SubOrchestrationInstanceFailedEvent { TaskScheduledId: var id } => (false, id),
        _ => null,
    };

    private static JsonObject Item(HistoryEvent entry, bool showOutput)
    {
        JsonObject item = entry switch
        {
            ExecutionStartedEvent e => new()
            {
                ["FunctionName"] = e.Name,
                ["Input"] = e.Input,
                ["ScheduledStartTime"] = Time(e.ScheduledStartTime),
            },
            ExecutionCompletedEvent e => Failure(Result(e.Result, showOutput), e.FailureDetails, e.OrchestrationStatus),
            ExecutionTerminatedEvent e => new() { ["Input"] = e.Input, ["Recurse"] = e.Recurse },
            ExecutionSuspendedEvent e => new() { ["Reason"] = e.Reason },
            ExecutionResumedEvent e => new() { ["Reason"] = e.Reason },
            ExecutionRewoundEvent e => new() { ["Reason"] = e.Reason },
            ContinueAsNewEvent e => new() { ["Input"] = e.Input },
            TaskScheduledEvent e => new() { ["Name"] = e.Name, ["Input"] = e.Input },
            TaskCompletedEvent e => Result(e.Result, showOutput),
            TaskFailedEvent e => Failure([], e.FailureDetails),
            SubOrchestrationInstanceCreatedEvent e => new() { ["Name"] = e.Name, ["InstanceId"] = e.InstanceId, ["Input"] = e.Input },
            SubOrchestrationInstanceCompletedEvent e => Result(e.Result, showOutput),
            SubOrchestrationInstanceFailedEvent e => Failure([], e.FailureDetails),
            TimerCreatedEvent e => new() { ["FireAt"] = Time(e.FireAt) },
            TimerFiredEvent e => new() { ["FireAt"] = Time(e.FireAt) },
            EventSentEvent e => new() { ["InstanceId"] = e.InstanceId, ["Name"] = e.Name, ["Input"] = e.Input },
            EventRaisedEvent e => new() { ["Name"] = e.Name, ["Input"] = e.Input },
            _ => [],
        };
        item.Insert(0, "EventType", entry.EventType.ToString());
        item["Timestamp"] = Time(entry.Timestamp);
        return item;
    }

    private static JsonObject Result(string? result, bool showOutput) =>
        showOutput ? new() { ["Result"] = InstanceStatus.Value(result) } : [];

    private static JsonObject Failure(JsonObject item, FailureDetails? failure, OrchestrationStatus? status = null)
    {
        if (status is { } ended)
        {
            item["OrchestrationStatus"] = ended.ToString();
        }

        if (failure is not null)
        {
            item["Reason"] = failure.ErrorMessage;
            item["Details"] = failure.StackTrace;
            item["FailureDetails"] = JsonSerializer.SerializeToNode(failure);
        }

        return item;
    }

    private static JsonValue? Time(DateTime? time) =>
        time is { } value ? JsonValue.Create(DateTime.SpecifyKind(value, DateTimeKind.Utc)) : null;

    private sealed record Call(string? Name, string? Input, DateTime At);
}
