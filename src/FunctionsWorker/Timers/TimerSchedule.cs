using System.Globalization;
using NCrontab;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>When a timer is due: NCrontab with five or six fields (seconds first), or a fixed time between starts. UTC.</summary>
internal abstract class TimerSchedule
{
    /// <summary>The first time after <paramref name="after"/>; null when there is none.</summary>
    public abstract DateTimeOffset? Next(DateTimeOffset after);

    public static TimerSchedule? Parse(string text)
    {
        if (TimeSpan.TryParseExact(text, ["c", "g"], CultureInfo.InvariantCulture, out TimeSpan interval))
        {
            return interval >= TimeSpan.FromSeconds(1) ? new Interval(interval) : null;
        }

        bool seconds = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6;
        return CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = seconds }) is { } crontab
            ? new Crontab(crontab)
            : null;
    }

    private sealed class Interval(TimeSpan between) : TimerSchedule
    {
        public override DateTimeOffset? Next(DateTimeOffset after) => after + between;
    }

    private sealed class Crontab(CrontabSchedule schedule) : TimerSchedule
    {
        public override DateTimeOffset? Next(DateTimeOffset after)
        {
            // NCrontab answers with the end of the search when nothing is due before it ("30 February").
            DateTime end = after.UtcDateTime.AddYears(8);
            DateTime next = schedule.GetNextOccurrence(after.UtcDateTime, end);
            return next >= end ? null : new DateTimeOffset(next, TimeSpan.Zero);
        }
    }
}
