using System.Text.Json.Nodes;
using DurableTask.Core.History;

namespace DurableTask.Core.Payloads;

/// <summary>The payload that an event carries: at most one.</summary>
internal static class EventPayloads
{
    public static string? Of(HistoryEvent entry) => Find(entry).Text;

    /// <summary>A copy with another payload. Made through its stored form, which holds all of it: dear, but only large ones pay.</summary>
    public static HistoryEvent With(HistoryEvent entry, string payload)
    {
        var stored = JsonNode.Parse(HistorySerializer.Serialize(entry))!;
        stored[Find(entry).Property] = payload;
        return HistorySerializer.DeserializeEvent(stored.ToJsonString());
    }

    private static (string Property, string? Text) Find(HistoryEvent entry) => entry switch
    {
        ExecutionStartedEvent started => (nameof(started.Input), started.Input),
        ExecutionCompletedEvent completed => (nameof(completed.Result), completed.Result),
        ExecutionTerminatedEvent terminated => (nameof(terminated.Input), terminated.Input),
        ExecutionSuspendedEvent suspended => (nameof(suspended.Reason), suspended.Reason),
        ExecutionResumedEvent resumed => (nameof(resumed.Reason), resumed.Reason),
        ContinueAsNewEvent continued => (nameof(continued.Input), continued.Input),
        TaskScheduledEvent scheduled => (nameof(scheduled.Input), scheduled.Input),
        TaskCompletedEvent completed => (nameof(completed.Result), completed.Result),
        SubOrchestrationInstanceCreatedEvent created => (nameof(created.Input), created.Input),
        SubOrchestrationInstanceCompletedEvent completed => (nameof(completed.Result), completed.Result),
        EventSentEvent sent => (nameof(sent.Input), sent.Input),
        EventRaisedEvent raised => (nameof(raised.Input), raised.Input),
        _ => ("", null),
    };
}
