using System.Text.Json;
using System.Text.Json.Nodes;
using DurableTask.Core;
using DurableTask.Core.History;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// A history as the management API shows it: the turns are left out, and what was called stands once, as its completion with the name and
/// time of the call. A <c>Result</c> is a JSON value; an <c>Input</c> is the text that was stored, which is JSON too.
/// </summary>
internal static class HistoryView
{
    public static JsonArray Of(IEnumerable<HistoryEvent> events, bool showInput, bool showOutput)
    {
        var calls = new Dictionary<(bool IsActivity, int Id), HistoryEvent>();
        var folded = new HashSet<HistoryEvent>();
        var items = new List<(HistoryEvent Event, JsonObject Item)>();
        foreach (HistoryEvent entry in events.Where(static e => e is not (OrchestratorStartedEvent or OrchestratorCompletedEvent)))
        {
            JsonObject item = Item(entry, showOutput);
            switch (entry)
            {
                // After a rewind an id may come twice: the later call is the one that is answered next.
                case TaskScheduledEvent or SubOrchestrationInstanceCreatedEvent:
                    calls[(entry is TaskScheduledEvent, entry.EventId)] = entry;
                    break;
                case TaskCompletedEvent { TaskScheduledId: var id }:
                    Fold(item, (true, id));
                    break;
                case TaskFailedEvent { TaskScheduledId: var id }:
                    Fold(item, (true, id));
                    break;
                case SubOrchestrationInstanceCompletedEvent { TaskScheduledId: var id }:
                    Fold(item, (false, id));
                    break;
                case SubOrchestrationInstanceFailedEvent { TaskScheduledId: var id }:
                    Fold(item, (false, id));
                    break;
            }

            items.Add((entry, item));
        }

        var view = new JsonArray();
        foreach ((HistoryEvent _, JsonObject item) in items.Where(i => !folded.Contains(i.Event)))
        {
            if (!showInput)
            {
                item.Remove("Input");
            }

            view.Add((JsonNode)item);
        }

        return view;

        void Fold(JsonObject completion, (bool IsActivity, int Id) answered)
        {
            if (!calls.TryGetValue(answered, out HistoryEvent? call))
            {
                return;
            }

            (string? name, string? input) = call is TaskScheduledEvent task
                ? (task.Name, task.Input)
                : (((SubOrchestrationInstanceCreatedEvent)call).Name, ((SubOrchestrationInstanceCreatedEvent)call).Input);
            completion["FunctionName"] = name;
            completion["ScheduledTime"] = Time(call.Timestamp);
            completion["Input"] = input;
            folded.Add(call);
        }
    }

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
}
