using System.Text.Json;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>How a schedule is set.</summary>
/// <param name="Since">When it was set so: intervals without a start count from here.</param>
internal sealed record ScheduleConfig(
    string OrchestrationName,
    string? OrchestrationInput,
    string? OrchestrationInstanceId,
    DateTimeOffset? StartAt,
    DateTimeOffset? EndAt,
    TimeSpan Interval,
    bool StartImmediatelyIfLate,
    string? Cron,
    MissedRuns MissedRuns,
    DateTimeOffset Since)
{
    public static ScheduleConfig From(ScheduleCreationOptions options)
    {
        if (options.Cron is { } cron)
        {
            ScheduleTimes.Check(cron);
        }

        return new(
            options.OrchestrationName,
            options.OrchestrationInput,
            options.OrchestrationInstanceId,
            options.StartAt,
            options.EndAt,
            options.Interval,
            options.StartImmediatelyIfLate,
            options.Cron,
            options.MissedRuns,
            default);
    }
}

/// <summary>
/// A schedule between two occurrences: the input of the orchestration that it is, and its custom status, which is what clients read. Its
/// text is our own JSON, whatever converter the application uses.
/// </summary>
internal sealed record ScheduleState(
    string ScheduleId,
    ScheduleConfig Config,
    ScheduleStatus Status,
    string Token,
    DateTimeOffset? NextRunAt = null,
    DateTimeOffset? LastRunAt = null,
    string? LastError = null)
{
    public static ScheduleState Parse(string text) => JsonSerializer.Deserialize<ScheduleState>(text)!;

    public override string ToString() => JsonSerializer.Serialize(this);

    public ScheduleDescription Describe() => new()
    {
        ScheduleId = ScheduleId,
        OrchestrationName = Config.OrchestrationName,
        OrchestrationInput = Config.OrchestrationInput,
        OrchestrationInstanceId = Config.OrchestrationInstanceId,
        StartAt = Config.StartAt,
        EndAt = Config.EndAt,
        Interval = Config.Cron is null ? Config.Interval : null,
        StartImmediatelyIfLate = Config.StartImmediatelyIfLate,
        Status = Status,
        ExecutionToken = Token,
        LastRunAt = LastRunAt,
        NextRunAt = NextRunAt,
        Cron = Config.Cron,
        MissedRuns = Config.MissedRuns,
        LastError = LastError,
    };
}

/// <summary>What a client asks of a schedule, and which orchestration waits for the answer.</summary>
/// <param name="Change">For updates: what is null stays.</param>
internal sealed record ScheduleCommand(
    ScheduleCommandKind Kind, ScheduleUpdateOptions? Change, ScheduleConfig? Replacement, string ReplyTo = "")
{
    public static ScheduleCommand Parse(string text) => JsonSerializer.Deserialize<ScheduleCommand>(text)!;

    public override string ToString() => JsonSerializer.Serialize(this);
}

internal enum ScheduleCommandKind
{
    Pause,
    Resume,
    Update,
    Replace,
}
