using NCrontab;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>
/// When a schedule is due, in UTC. Pure, and the same in every version: the orchestrator that asks is replayed, and its history says what
/// was started.
/// </summary>
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
            return UpToEnd(config, NextByInterval(config, after));
        }

        // NCrontab answers with the end of the search when nothing is due before it ("30 February").
        var end = after.UtcDateTime.AddYears(CronHorizonYears);
        var next = CrontabSchedule.Parse(cron, OptionsOf(cron)).GetNextOccurrence(after.UtcDateTime, end);
        return next >= end ? null : UpToEnd(config, new DateTimeOffset(next, TimeSpan.Zero));
    }

    /// <summary>What to start now: the occurrence that is due, and those after it that came due meanwhile, as the schedule wants. However
    /// long nobody looked, only what is started is walked over, and some more to find it.</summary>
    public static IReadOnlyList<DateTimeOffset> Due(ScheduleConfig config, DateTimeOffset due, DateTimeOffset now)
    {
        if (due > now)
        {
            return [];
        }

        CrontabSchedule? cron = config.Cron is { } text ? CrontabSchedule.Parse(text, OptionsOf(text)) : null;
        IEnumerable<DateTimeOffset> After(DateTimeOffset time) => Between(config, cron, time, now);
        return config.MissedRuns switch
        {
            MissedRuns.RunAll => Last(MaximumMissed, due, now, After),
            MissedRuns.RunOnce => Last(1, due, now, After),
            _ when now - due <= MissedAfter => [due, .. After(due)],
            _ => [.. After(now - MissedAfter - TimeSpan.FromTicks(1))],
        };
    }

    /// <summary>The newest of an occurrence and those after it. Where they begin is found by halving the time.</summary>
    private static IReadOnlyList<DateTimeOffset> Last(
        int most, DateTimeOffset due, DateTimeOffset now, Func<DateTimeOffset, IEnumerable<DateTimeOffset>> after)
    {
        bool HasEnough(DateTimeOffset time) => after(time).Take(most).Count() == most;
        if (!HasEnough(due))
        {
            return [due, .. after(due)];
        }

        (DateTimeOffset enough, DateTimeOffset tooFew) = (due, now);
        while (tooFew - enough > ShortestInterval)
        {
            DateTimeOffset middle = enough + ((tooFew - enough) / 2);
            (enough, tooFew) = HasEnough(middle) ? (middle, tooFew) : (enough, middle);
        }

        // Between the two there is room for two at most.
        return [.. after(enough).TakeLast(most)];
    }

    /// <summary>The occurrences after a time, up to another.</summary>
    private static IEnumerable<DateTimeOffset> Between(
        ScheduleConfig config, CrontabSchedule? cron, DateTimeOffset after, DateTimeOffset upTo)
    {
        upTo = config.EndAt < upTo ? config.EndAt.Value : upTo;
        return cron is null
            ? Between(config, after, upTo)
            : cron.GetNextOccurrences(after.UtcDateTime, upTo.UtcDateTime.AddTicks(1))
                .Select(next => new DateTimeOffset(next, TimeSpan.Zero));
    }

    private static IEnumerable<DateTimeOffset> Between(ScheduleConfig config, DateTimeOffset after, DateTimeOffset upTo)
    {
        for (var next = NextByInterval(config, after); next <= upTo; next += config.Interval)
        {
            yield return next;
        }
    }

    private static DateTimeOffset NextByInterval(ScheduleConfig config, DateTimeOffset after)
    {
        var beginning = config.StartAt ?? config.Since;
        var passed = (after - beginning).Ticks / config.Interval.Ticks;
        return after < beginning ? beginning : beginning + (config.Interval * (passed + 1));
    }

    private static DateTimeOffset? UpToEnd(ScheduleConfig config, DateTimeOffset? occurrence) =>
        occurrence > config.EndAt ? null : occurrence;

    private static CrontabSchedule.ParseOptions OptionsOf(string cron) =>
        new() { IncludingSeconds = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6 };
}
