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
