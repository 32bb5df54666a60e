namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>One schedule. Each call that returned has taken effect.</summary>
public abstract class ScheduleClient
{
    /// <summary>Creates the client of a schedule, which need not exist.</summary>
    protected ScheduleClient(string scheduleId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(scheduleId);
        ScheduleId = scheduleId;
    }

    /// <summary>The schedule's id.</summary>
    public string ScheduleId { get; }

    /// <summary>Reads the schedule.</summary>
    /// <exception cref="ScheduleNotFoundException">There is none.</exception>
    public abstract Task<ScheduleDescription> DescribeAsync(CancellationToken cancellation = default);

    /// <summary>Removes the schedule. What it has started goes on.</summary>
    /// <exception cref="ScheduleNotFoundException">There is none.</exception>
    public abstract Task DeleteAsync(CancellationToken cancellation = default);

    /// <summary>Starts nothing until the schedule is resumed.</summary>
    /// <exception cref="ScheduleNotFoundException">There is none.</exception>
    /// <exception cref="ScheduleInvalidTransitionException">It is paused.</exception>
    public abstract Task PauseAsync(CancellationToken cancellation = default);

    /// <summary>Goes on with the next occurrence; those of the pause are left out.</summary>
    /// <exception cref="ScheduleNotFoundException">There is none.</exception>
    /// <exception cref="ScheduleInvalidTransitionException">It is active.</exception>
    public abstract Task ResumeAsync(CancellationToken cancellation = default);

    /// <summary>Changes the schedule; its occurrences are counted anew.</summary>
    /// <exception cref="ScheduleNotFoundException">There is none.</exception>
    public abstract Task UpdateAsync(ScheduleUpdateOptions updateOptions, CancellationToken cancellation = default);
}

/// <summary>Schedules: orchestrations that are started again and again, by interval or cron.</summary>
public abstract class ScheduledTaskClient
{
    /// <summary>Creates a schedule, or replaces the one with the same id.</summary>
    public abstract Task<ScheduleClient> CreateScheduleAsync(
        ScheduleCreationOptions creationOptions, CancellationToken cancellation = default);

    /// <summary>Reads a schedule; null when there is none.</summary>
    public abstract Task<ScheduleDescription?> GetScheduleAsync(string scheduleId, CancellationToken cancellation = default);

    /// <summary>The client of one schedule, which need not exist.</summary>
    public abstract ScheduleClient GetScheduleClient(string scheduleId);

    /// <summary>Lists schedules, oldest first.</summary>
    public abstract AsyncPageable<ScheduleDescription> ListSchedulesAsync(ScheduleQuery? filter = null);
}
