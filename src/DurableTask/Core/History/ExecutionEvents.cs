namespace DurableTask.Core.History;

/// <summary>The first event of an execution: what to run, with which input, on whose behalf.</summary>
public class ExecutionStartedEvent(int eventId, string? input) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionStarted;
    public string? Input { get; set; } = input;
    public string Name { get; set; } = "";
    public string? Version { get; set; }
    public OrchestrationInstance OrchestrationInstance { get; set; } = new();

    /// <summary>Null for an orchestration that a client started.</summary>
    public ParentInstance? ParentInstance { get; set; }

    /// <summary>Immutable for the life of the instance; children inherit them.</summary>
    public IDictionary<string, string>? Tags { get; set; }

    /// <summary>Null to start at once.</summary>
    public DateTime? ScheduledStartTime { get; set; }

    /// <summary>W3C trace context of the starter.</summary>
    public TraceParent? ParentTraceContext { get; set; }
}

/// <summary>The last event of an execution.</summary>
public class ExecutionCompletedEvent(
    int eventId, string? result, OrchestrationStatus orchestrationStatus, FailureDetails? failureDetails = null) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionCompleted;
    public OrchestrationStatus OrchestrationStatus { get; } = orchestrationStatus;
    public string? Result { get; } = result;
    public FailureDetails? FailureDetails { get; } = failureDetails;
}

/// <summary>The execution ended by starting over with a new input and an empty history.</summary>
public class ContinueAsNewEvent(int eventId, string? input) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ContinueAsNew;
    public string? Input { get; } = input;
}

/// <summary>Someone asked for the end of the execution; <see cref="Input"/> is its output, as JSON.</summary>
public class ExecutionTerminatedEvent(int eventId, string? input, bool recurse = false) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionTerminated;
    public string? Input { get; set; } = input;

    /// <summary>True to end the sub-orchestrations too.</summary>
    public bool Recurse { get; set; } = recurse;
}

/// <summary>From here on, events wait until the execution is resumed.</summary>
public class ExecutionSuspendedEvent(int eventId, string? reason) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionSuspended;
    public string? Reason { get; } = reason;
}

/// <summary>The events that waited are played from here on.</summary>
public class ExecutionResumedEvent(int eventId, string? reason) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionResumed;
    public string? Reason { get; } = reason;
}

/// <summary>A failed execution was set back to before its failures.</summary>
public class ExecutionRewoundEvent(int eventId, string? reason) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.ExecutionRewound;
    public string? Reason { get; } = reason;
}

/// <summary>A turn of the orchestrator began; its timestamp is the orchestrator's clock during that turn.</summary>
public class OrchestratorStartedEvent(int eventId) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.OrchestratorStarted;
}

/// <summary>A turn of the orchestrator ended.</summary>
public class OrchestratorCompletedEvent(int eventId) : HistoryEvent(eventId)
{
    public override EventType EventType => EventType.OrchestratorCompleted;
}
