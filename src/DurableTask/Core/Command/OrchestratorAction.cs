using DurableTask.Core.History;

namespace DurableTask.Core.Command;

/// <summary>The kinds of actions.</summary>
public enum OrchestratorActionType
{
    ScheduleOrchestrator = 0,
    CreateSubOrchestration = 1,
    CreateTimer = 2,
    SendEvent = 3,
    OrchestrationComplete = 4,
}

/// <summary>Something that an orchestrator asked for and that its history does not hold yet.</summary>
public abstract class OrchestratorAction
{
    /// <summary>The 0-based sequence number; the event that stores the action has it as its id.</summary>
    public int Id { get; set; }

    public abstract OrchestratorActionType OrchestratorActionType { get; }

    /// <summary>True when an event of the history stores this very action; inputs and versions are not compared.</summary>
    internal abstract bool Matches(HistoryEvent stored);

    private protected static bool SameName(string? one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Call an activity.</summary>
public class ScheduleTaskOrchestratorAction : OrchestratorAction
{
    public override OrchestratorActionType OrchestratorActionType => OrchestratorActionType.ScheduleOrchestrator;
    public string? Name { get; set; }
    public string? Version { get; set; }
    public string? Input { get; set; }
    public IDictionary<string, string>? Tags { get; set; }

    internal override bool Matches(HistoryEvent stored) => stored is TaskScheduledEvent task && SameName(task.Name, Name);
}

/// <summary>Call another orchestrator.</summary>
public class CreateSubOrchestrationAction : OrchestratorAction
{
    public override OrchestratorActionType OrchestratorActionType => OrchestratorActionType.CreateSubOrchestration;
    public string? Name { get; set; }
    public string? Version { get; set; }
    public string? InstanceId { get; set; }
    public string? Input { get; set; }
    public IDictionary<string, string>? Tags { get; set; }

    internal override bool Matches(HistoryEvent stored) =>
        stored is SubOrchestrationInstanceCreatedEvent child && SameName(child.Name, Name);
}

/// <summary>Start a timer.</summary>
public class CreateTimerOrchestratorAction : OrchestratorAction
{
    public override OrchestratorActionType OrchestratorActionType => OrchestratorActionType.CreateTimer;
    public DateTime FireAt { get; set; }

    internal override bool Matches(HistoryEvent stored) => stored is TimerCreatedEvent;
}

/// <summary>Send an event to another instance.</summary>
public class SendEventOrchestratorAction : OrchestratorAction
{
    public override OrchestratorActionType OrchestratorActionType => OrchestratorActionType.SendEvent;
    public OrchestrationInstance? Instance { get; set; }
    public string? EventName { get; set; }
    public string? EventData { get; set; }

    internal override bool Matches(HistoryEvent stored) => stored is EventSentEvent sent && SameName(sent.Name, EventName);
}

/// <summary>End the execution: completed, failed, or started over.</summary>
public class OrchestrationCompleteOrchestratorAction : OrchestratorAction
{
    public override OrchestratorActionType OrchestratorActionType => OrchestratorActionType.OrchestrationComplete;
    public OrchestrationStatus OrchestrationStatus { get; set; }

    /// <summary>The output, or the input of the next execution, as JSON.</summary>
    public string? Result { get; set; }

    /// <summary>The version of the next execution; null to keep the present one.</summary>
    public string? NewVersion { get; set; }
    public FailureDetails? FailureDetails { get; set; }

    /// <summary>Events that came after the code asked to start over: the next execution gets them.</summary>
    public IList<HistoryEvent> CarryoverEvents { get; } = [];

    internal override bool Matches(HistoryEvent stored) => false;
}
