using NCrontab;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>When a schedule is due. Pure: the orchestrator that asks is replayed.</summary>
internal static class ScheduleTimes
{
    /// <summary>An occurrence that is later than this was missed.</summary>
    public static readonly TimeSpan MissedAfter = TimeSpan.FromMinutes(1);

    /// <summary>The most missed occurrences that are made up for.</summary>
    public const int MaximumMissed = 1000;

    private const int CronHorizonYears = 8;
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);

    /// <exception cref="ArgumentException">The interval is too short.</exception>
    public static void Check(TimeSpan interval)
    {
        if (interval < ShortestInterval)
        {
            throw new ArgumentException(
                $"Interval must be {(interval <= TimeSpan.Zero ? "positive" : "at least 1 second")}: got {interval}.", nameof(interval));
        }
    }

    /// <exception cref="ArgumentNullException">The text is null.</exception>
    /// <exception cref="ArgumentException">The text is empty or begins with a NUL character.</exception>
    public static void CheckName(string value, string parameter)
    {
        ArgumentNullException.ThrowIfNull(value, parameter);
        if (string.IsNullOrWhiteSpace(value) || value[0] == '\0')
        {
            throw new ArgumentException(
                "Parameter cannot be an empty string or start with the null character: expected a name.", parameter);
        }
    }

    /// <exception cref="ArgumentException">The expression is none.</exception>
    public static void Check(string cron)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(cron);
        if (CrontabSchedule.TryParse(cron, OptionsOf(cron)) is null)
        {
            throw new ArgumentException(
                $"Cron: expected five fields (minute hour day month weekday) or six (second first), got '{cron}'.", nameof(cron));
        }
    }

    /// <summary>The first occurrence of a schedule that is new, or has changed.</summary>
    public static DateTimeOffset? First(ScheduleConfig config, DateTimeOffset now)
    {
        var first = config.StartAt > now ? config.StartAt.Value
            : config.StartImmediatelyIfLate ? now
            : Next(config, now);
        return config.StartAt > now && config.Cron is not null ? Next(config, first!.Value.AddTicks(-1)) : UpToEnd(config, first);
    }

    /// <summary>The first occurrence after a time; null when there is none.</summary>
    public static DateTimeOffset? Next(ScheduleConfig config, DateTimeOffset after)
    {
        if (config.Cron is not { } cron)
        {
            var beginning = config.StartAt ?? config.Since;
            var passed = (after - beginning).Ticks / config.Interval.Ticks;
            return UpToEnd(config, after < beginning ? beginning : beginning + (config.Interval * (passed + 1)));
        }

        // NCrontab answers with the end of the search when nothing is due before it ("30 February").
        var end = after.UtcDateTime.AddYears(CronHorizonYears);
        var next = CrontabSchedule.Parse(cron, OptionsOf(cron)).GetNextOccurrence(after.UtcDateTime, end);
        return next >= end ? null : UpToEnd(config, new DateTimeOffset(next, TimeSpan.Zero));
    }

    /// <summary>What to start now: the occurrence that is due, and those after it that came due meanwhile, as the schedule wants.</summary>
    public static IReadOnlyList<DateTimeOffset> Due(ScheduleConfig config, DateTimeOffset due, DateTimeOffset now)
    {
        var all = new Queue<DateTimeOffset>();
        for (DateTimeOffset? next = due; next <= now; next = Next(config, next.Value))
        {
            all.Enqueue(next.Value);
            if (all.Count > MaximumMissed)
            {
                all.Dequeue();
            }
        }

        return config.MissedRuns switch
        {
            MissedRuns.RunAll => [.. all],
            MissedRuns.RunOnce => [.. all.TakeLast(1)],
            _ => [.. all.Where(occurrence => now - occurrence <= MissedAfter)],
        };
    }

    private static DateTimeOffset? UpToEnd(ScheduleConfig config, DateTimeOffset? occurrence) =>
        occurrence > config.EndAt ? null : occurrence;

    private static CrontabSchedule.ParseOptions OptionsOf(string cron) =>
        new() { IncludingSeconds = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6 };
}
