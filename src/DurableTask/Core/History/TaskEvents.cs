using System.Text.Json.Serialization;

namespace DurableTask.Core.History;

/// <summary>The orchestrator called an activity.</summary>
public class TaskScheduledEvent(int eventId, string? name, string? version, string? input) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.TaskScheduled;
    public string? Name { get; set; } = name;
    public string? Version { get; set; } = version;
    public string? Input { get; set; } = input;
    public IDictionary<string, string>? Tags { get; set; }
    public TraceParent? ParentTraceContext { get; set; }
}

/// <summary>An activity returned.</summary>
public class TaskCompletedEvent(int eventId, int taskScheduledId, string? result) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.TaskCompleted;

    /// <summary>The <see cref="HistoryEvent.EventId"/> of the <see cref="TaskScheduledEvent"/> that this answers.</summary>
    public int TaskScheduledId { get; } = taskScheduledId;
    public string? Result { get; } = result;
}

/// <summary>An activity threw.</summary>
public class TaskFailedEvent(int eventId, int taskScheduledId, FailureDetails failureDetails) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.TaskFailed;

    /// <summary>The <see cref="HistoryEvent.EventId"/> of the <see cref="TaskScheduledEvent"/> that this answers.</summary>
    public int TaskScheduledId { get; } = taskScheduledId;
    public FailureDetails FailureDetails { get; } = failureDetails;

    /// <summary>The failure's message.</summary>
    [JsonIgnore]
    public string? Reason => FailureDetails.ErrorMessage;

    /// <summary>The failure's stack trace.</summary>
    [JsonIgnore]
    public string? Details => FailureDetails.StackTrace;
}

/// <summary>The orchestrator called another orchestrator.</summary>
public class SubOrchestrationInstanceCreatedEvent(int eventId) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.SubOrchestrationInstanceCreated;
    public string? InstanceId { get; set; }
    public string? Name { get; set; }
    public string? Version { get; set; }
    public string? Input { get; set; }
    public IDictionary<string, string>? Tags { get; set; }
}

/// <summary>A sub-orchestration returned.</summary>
public class SubOrchestrationInstanceCompletedEvent(int eventId, int taskScheduledId, string? result) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.SubOrchestrationInstanceCompleted;
    public int TaskScheduledId { get; } = taskScheduledId;
    public string? Result { get; } = result;
}

/// <summary>A sub-orchestration failed, was terminated, or could not be created.</summary>
public class SubOrchestrationInstanceFailedEvent(int eventId, int taskScheduledId, FailureDetails failureDetails) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.SubOrchestrationInstanceFailed;
    public int TaskScheduledId { get; } = taskScheduledId;
    public FailureDetails FailureDetails { get; } = failureDetails;

    /// <summary>The failure's message.</summary>
    [JsonIgnore]
    public string? Reason => FailureDetails.ErrorMessage;

    /// <summary>The failure's stack trace.</summary>
    [JsonIgnore]
    public string? Details => FailureDetails.StackTrace;
}

/// <summary>The orchestrator started a timer.</summary>
public class TimerCreatedEvent(int eventId, DateTime fireAt) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.TimerCreated;
    public DateTime FireAt { get; set; } = fireAt;
}

/// <summary>A timer came due.</summary>
public class TimerFiredEvent(int eventId, DateTime fireAt) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.TimerFired;

    /// <summary>The <see cref="HistoryEvent.EventId"/> of the <see cref="TimerCreatedEvent"/> that this answers.</summary>
    public int TimerId { get; set; }
    public DateTime FireAt { get; set; } = fireAt;
}

/// <summary>The orchestrator sent an event to another instance, without waiting for anything.</summary>
public class EventSentEvent(int eventId) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.EventSent;
    public string? InstanceId { get; set; }
    public string? Name { get; set; }
    public string? Input { get; set; }
}

/// <summary>An external event arrived.</summary>
public class EventRaisedEvent(int eventId, string? input) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.EventRaised;
    public string? Name { get; set; }
    public string? Input { get; set; } = input;
}
