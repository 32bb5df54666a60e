namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>There is no such schedule: it was never created, it was deleted, or it has ended.</summary>
public class ScheduleNotFoundException(string scheduleId)
    : InvalidOperationException(
        $"There is no schedule '{scheduleId}': it was never created, it was deleted, or its last occurrence is over.")
{
    /// <summary>The id that was asked for.</summary>
    public string ScheduleId { get; } = scheduleId;
}

/// <summary>A schedule cannot do that in its present status.</summary>
public class ScheduleInvalidTransitionException(string scheduleId, string message)
    : InvalidOperationException($"Schedule '{scheduleId}': {message}")
{
    /// <summary>The schedule.</summary>
    public string ScheduleId { get; } = scheduleId;
}

/// <summary>The client refused what was asked of a schedule, before anything was sent.</summary>
public class ScheduleClientValidationException : InvalidOperationException
{
    /// <summary>Says which schedule, and what is wrong.</summary>
    public ScheduleClientValidationException(string scheduleId, string message)
        : base($"Schedule '{scheduleId}' is not valid: {message}") => ScheduleId = scheduleId;

    /// <summary>Says which schedule, what is wrong, and what that comes from.</summary>
    public ScheduleClientValidationException(string scheduleId, string message, Exception innerException)
        : base($"Schedule '{scheduleId}' is not valid: {message}", innerException) => ScheduleId = scheduleId;

    /// <summary>The schedule.</summary>
    public string ScheduleId { get; }
}
