namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>A schedule to create: an orchestration that is started again and again. Times are UTC.</summary>
public record ScheduleCreationOptions
{
    /// <summary>Starts the orchestration with a fixed time between the starts.</summary>
    /// <param name="scheduleId">The schedule's id: 1 to 64 characters.</param>
    /// <param name="orchestrationName">What to start.</param>
    /// <param name="interval">The time between starts; at least 1 s.</param>
    public ScheduleCreationOptions(string scheduleId, string orchestrationName, TimeSpan interval)
    {
        ScheduleTimes.CheckName(scheduleId, nameof(scheduleId));
        ScheduleTimes.CheckName(orchestrationName, nameof(orchestrationName));
        ScheduleTimes.Check(interval);
        ScheduleId = scheduleId;
        OrchestrationName = orchestrationName;
        Interval = interval;
    }

    /// <summary>The schedule's id.</summary>
    public string ScheduleId { get; }

    /// <summary>What to start.</summary>
    public string OrchestrationName { get; }

    /// <summary>The input of each start.</summary>
    public string? OrchestrationInput { get; init; }

    /// <summary>
    /// The instance id of each start; an occurrence whose predecessor with that id still runs is left out. Null for an id made of schedule
    /// and occurrence, so that each occurrence starts an instance of its own, once.
    /// </summary>
    public string? OrchestrationInstanceId { get; init; }

    /// <summary>The first occurrence; null for one interval after the creation.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>No occurrence after this; null for no end.</summary>
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>The time between starts. Of no meaning with <see cref="Cron"/>.</summary>
    public TimeSpan Interval { get; }

    /// <summary>True for a first start at once when <see cref="StartAt"/> is past or not given.</summary>
    public bool StartImmediatelyIfLate { get; init; }

    /// <summary>
    /// When to start, as NCrontab with five fields or six (seconds first), in place of <see cref="Interval"/>; null for the interval. In
    /// UTC: no zone's summer time moves, doubles or leaves out an occurrence. This project's addition.
    /// </summary>
    public string? Cron { get; init; }

    /// <summary>What happens to missed occurrences. This project's addition.</summary>
    public MissedRuns MissedRuns { get; init; }

    /// <summary>A schedule by a cron expression, in UTC. This project's addition.</summary>
    /// <exception cref="ArgumentException">The expression is none.</exception>
    public static ScheduleCreationOptions FromCron(string scheduleId, string orchestrationName, string cron)
    {
        ScheduleTimes.Check(cron);
        return new ScheduleCreationOptions(scheduleId, orchestrationName, TimeSpan.FromMinutes(1)) { Cron = cron };
    }
}

/// <summary>What to change of a schedule; null leaves as it is.</summary>
public record ScheduleUpdateOptions
{
    /// <summary>What to start.</summary>
    public string? OrchestrationName { get; init; }

    /// <summary>The input of each start.</summary>
    public string? OrchestrationInput { get; init; }

    /// <summary>The instance id of each start.</summary>
    public string? OrchestrationInstanceId { get; init; }

    /// <summary>The first occurrence.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>No occurrence after this.</summary>
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>The time between starts; it takes the place of a cron expression.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>True for a first start at once.</summary>
    public bool? StartImmediatelyIfLate { get; init; }

    /// <summary>A cron expression, in UTC; it takes the place of an interval. This project's addition.</summary>
    public string? Cron { get; init; }

    /// <summary>What happens to missed occurrences. This project's addition.</summary>
    public MissedRuns? MissedRuns { get; init; }
}

/// <summary>Which schedules to list; null matches all.</summary>
public record ScheduleQuery
{
    /// <summary>How many schedules a page holds unless the query says otherwise.</summary>
    public const int DefaultPageSize = 100;

    /// <summary>In this status.</summary>
    public ScheduleStatus? Status { get; init; }

    /// <summary>With an id that begins so.</summary>
    public string? ScheduleIdPrefix { get; init; }

    /// <summary>Created at this time or later.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created at this time or earlier.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>How many schedules a page holds at most.</summary>
    public int? PageSize { get; init; }

    /// <summary>Where to begin: the token of an earlier page.</summary>
    public string? ContinuationToken { get; init; }
}

/// <summary>A schedule as it was when it was read.</summary>
public record ScheduleDescription
{
    /// <summary>The schedule's id.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>What it starts.</summary>
    public string? OrchestrationName { get; init; }

    /// <summary>The input of each start.</summary>
    public string? OrchestrationInput { get; init; }

    /// <summary>The instance id of each start; null for an own one each.</summary>
    public string? OrchestrationInstanceId { get; init; }

    /// <summary>The first occurrence, if one was given.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>No occurrence after this.</summary>
    public DateTimeOffset? EndAt { get; init; }

    /// <summary>The time between starts; null with a cron expression.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Whether a first start at once was asked for.</summary>
    public bool? StartImmediatelyIfLate { get; init; }

    /// <summary>What it does at present.</summary>
    public ScheduleStatus Status { get; init; }

    /// <summary>Changes with every change of the schedule.</summary>
    public string ExecutionToken { get; init; } = "";

    /// <summary>The last occurrence that was started.</summary>
    public DateTimeOffset? LastRunAt { get; init; }

    /// <summary>The next occurrence; null when there is none.</summary>
    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>The cron expression; null with an interval. This project's addition.</summary>
    public string? Cron { get; init; }

    /// <summary>What happens to missed occurrences. This project's addition.</summary>
    public MissedRuns MissedRuns { get; init; }

    /// <summary>Why the last occurrence could not be started; null when it could. This project's addition.</summary>
    public string? LastError { get; init; }
}
