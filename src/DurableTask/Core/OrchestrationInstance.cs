namespace DurableTask.Core;

/// <summary>Names one execution: the instance id is chosen once, the execution id changes with every continue-as-new and restart.</summary>
public class OrchestrationInstance
{
    public string InstanceId { get; set; } = "";

    /// <summary>A GUID in "N" format.</summary>
    public string ExecutionId { get; set; } = "";
}

/// <summary>Who waits for a sub-orchestration.</summary>
public class ParentInstance
{
    public string Name { get; set; } = "";
    public string? Version { get; set; }
    public OrchestrationInstance OrchestrationInstance { get; set; } = new();

    /// <summary>The sequence number of the parent's call.</summary>
    public int TaskScheduleId { get; set; }
}

/// <summary>W3C trace context (https://www.w3.org/TR/trace-context/) that travels with a message.</summary>
public sealed record TraceParent(string Value, string? State = null);

/// <summary>The life of an instance. The numbers are part of the contract.</summary>
public enum OrchestrationStatus
{
    Running = 0,
    Completed = 1,
    ContinuedAsNew = 2,
    Failed = 3,
    Canceled = 4,
    Terminated = 5,
    Pending = 6,
    Suspended = 7,
}

public static class OrchestrationStatusExtensions
{
    /// <summary>True when nothing will change the instance any more (short of a restart, a rewind or a purge).</summary>
    public static bool IsTerminal(this OrchestrationStatus status) =>
        status is OrchestrationStatus.Completed or OrchestrationStatus.Failed
            or OrchestrationStatus.Canceled or OrchestrationStatus.Terminated;
}
