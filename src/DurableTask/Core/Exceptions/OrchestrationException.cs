namespace DurableTask.Core.Exceptions;

/// <summary>A failure that an orchestrator sees, with its stored details.</summary>
public class OrchestrationException : Exception
{
    public OrchestrationException()
    {
    }

    public OrchestrationException(string? message)
        : base(message)
    {
    }

    public OrchestrationException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The id of the event that brought the failure; -1 for one that came from outside.</summary>
    public int EventId { get; set; } = -1;

    /// <summary>Why it failed.</summary>
    public FailureDetails? FailureDetails { get; set; }
}

/// <summary>An activity failed. In an orchestrator's failure: what it reports as its own.</summary>
public class TaskFailedException : OrchestrationException
{
    public TaskFailedException()
    {
    }

    public TaskFailedException(string? message)
        : base(message)
    {
    }

    public TaskFailedException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The sequence number of the call.</summary>
    public int ScheduleId { get; set; }

    /// <summary>The activity's name.</summary>
    public string? Name { get; set; }

    /// <summary>The activity's version.</summary>
    public string? Version { get; set; }
}

/// <summary>A sub-orchestration failed.</summary>
public class SubOrchestrationFailedException : OrchestrationException
{
    public SubOrchestrationFailedException()
    {
    }

    public SubOrchestrationFailedException(string? message)
        : base(message)
    {
    }

    public SubOrchestrationFailedException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The sequence number of the call.</summary>
    public int ScheduleId { get; set; }

    /// <summary>The orchestrator's name.</summary>
    public string? Name { get; set; }

    /// <summary>The orchestrator's version.</summary>
    public string? Version { get; set; }
}
