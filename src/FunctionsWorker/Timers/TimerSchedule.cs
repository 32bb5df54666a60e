using System.Globalization;
using NCrontab;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>When a timer is due: NCrontab with five or six fields (seconds first) in a time zone, or a fixed time between starts.</summary>
internal abstract class TimerSchedule
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);

    /// <summary>The schedule for people and for the store, where another text means another schedule.</summary>
    public abstract string Text { get; }

    /// <summary>More than one occurrence may fall into a minute. Such a schedule is not monitored, as in the official host: what a restart
    /// missed is soon due again.</summary>
    public abstract bool IsWithinMinutes { get; }

    /// <summary>The first time after <paramref name="after"/>; null when there is none.</summary>
    public abstract DateTimeOffset? Next(DateTimeOffset after);

    /// <summary>The first time after <paramref name="now"/>, and after the occurrence <paramref name="due"/> in any case.</summary>
    public virtual DateTimeOffset? Next(DateTimeOffset due, DateTimeOffset now) => Next(now > due ? now : due);

    public static TimerSchedule? Parse(string text, TimeZoneInfo zone)
    {
        // As the official host reads it: a first part that is no hour of a day counts days. A number alone would count them too.
        if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan between))
        {
            return between >= ShortestInterval ? new Interval(between) : null;
        }

        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool seconds = fields.Length == 6;
        return CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = seconds }) is { } crontab
            ? new ZonedCrontab(crontab, fields, zone)
            : null;
    }

    private sealed class Interval(TimeSpan between) : TimerSchedule
    {
        public override string Text { get; } = between.ToString("c", CultureInfo.InvariantCulture);

        public override bool IsWithinMinutes => between < TimeSpan.FromMinutes(1);

        // Whole seconds, so that every store keeps the time as it is.
        public override DateTimeOffset? Next(DateTimeOffset after) =>
            after.AddTicks(-(after.Ticks % TimeSpan.TicksPerSecond)) + between;

        public override DateTimeOffset? Next(DateTimeOffset due, DateTimeOffset now) =>
            due + (between * (now < due ? 1 : 1 + Math.Floor((now - due) / between)));
    }
}
