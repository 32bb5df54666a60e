using System.Text.Json.Serialization;

namespace DurableTask.Core.History;

/// <summary>
/// One entry of an orchestration's append-only history. Replaying the entries in order rebuilds the orchestrator's state.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "$event")]
[JsonDerivedType(typeof(ExecutionStartedEvent), nameof(History.EventType.ExecutionStarted))]
[JsonDerivedType(typeof(ExecutionCompletedEvent), nameof(History.EventType.ExecutionCompleted))]
[JsonDerivedType(typeof(ExecutionTerminatedEvent), nameof(History.EventType.ExecutionTerminated))]
[JsonDerivedType(typeof(ExecutionSuspendedEvent), nameof(History.EventType.ExecutionSuspended))]
[JsonDerivedType(typeof(ExecutionResumedEvent), nameof(History.EventType.ExecutionResumed))]
[JsonDerivedType(typeof(ExecutionRewoundEvent), nameof(History.EventType.ExecutionRewound))]
[JsonDerivedType(typeof(ContinueAsNewEvent), nameof(History.EventType.ContinueAsNew))]
[JsonDerivedType(typeof(OrchestratorStartedEvent), nameof(History.EventType.OrchestratorStarted))]
[JsonDerivedType(typeof(OrchestratorCompletedEvent), nameof(History.EventType.OrchestratorCompleted))]
[JsonDerivedType(typeof(TaskScheduledEvent), nameof(History.EventType.TaskScheduled))]
[JsonDerivedType(typeof(TaskCompletedEvent), nameof(History.EventType.TaskCompleted))]
[JsonDerivedType(typeof(TaskFailedEvent), nameof(History.EventType.TaskFailed))]
[JsonDerivedType(typeof(SubOrchestrationInstanceCreatedEvent), nameof(History.EventType.SubOrchestrationInstanceCreated))]
[JsonDerivedType(typeof(SubOrchestrationInstanceCompletedEvent), nameof(History.EventType.SubOrchestrationInstanceCompleted))]
[JsonDerivedType(typeof(SubOrchestrationInstanceFailedEvent), nameof(History.EventType.SubOrchestrationInstanceFailed))]
[JsonDerivedType(typeof(TimerCreatedEvent), nameof(History.EventType.TimerCreated))]
[JsonDerivedType(typeof(TimerFiredEvent), nameof(History.EventType.TimerFired))]
[JsonDerivedType(typeof(EventSentEvent), nameof(History.EventType.EventSent))]
[JsonDerivedType(typeof(EventRaisedEvent), nameof(History.EventType.EventRaised))]
public abstract class HistoryEvent
{
    /// <summary>Creates the base part of an event.</summary>
    /// <param name="eventId">For an action of the orchestrator its 0-based sequence number; -1 for everything that came from
    /// outside.</param>
    protected HistoryEvent(int eventId)
    {
        EventId = eventId;
    }

    /// <summary>For an action of the orchestrator its 0-based sequence number; -1 for everything that came from outside.</summary>
    public int EventId { get; set; }

    /// <summary>True once the event has been replayed into an orchestrator. Never stored.</summary>
    [JsonIgnore]
    public bool IsPlayed { get; set; }

    /// <summary>When the event happened, in UTC, by the clock of the process that created it.</summary>
    public DateTime Timestamp { get; set; }

    /// <summary>The kind of the event.</summary>
    [JsonIgnore]
    public abstract EventType EventType { get; }
}
