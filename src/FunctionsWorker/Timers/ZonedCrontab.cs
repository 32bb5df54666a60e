using NCrontab;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// A crontab by the wall clock of a zone, also where that clock is put forward or back:
/// with every hour (<c>*</c>) it goes on in real time, through both; with hours of its own it fires once a day as it says: at the change
/// itself for times that the change leaves out, and the first time for those that come twice.
/// </summary>
internal sealed class ZonedCrontab(CrontabSchedule schedule, string[] fields, TimeZoneInfo zone) : TimerSchedule
{
    private const int SearchYears = 8;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly bool _everyHour = fields[^4] is "*" or "*/1" or "0-23";

    public override string Text { get; } =
        string.Join(' ', fields) + (zone.Id == TimeZoneInfo.Utc.Id ? "" : $" ({zone.Id})");

    public override bool IsWithinMinutes { get; } = fields.Length == 6 && !fields[0].All(char.IsAsciiDigit);

    public override DateTimeOffset? Next(DateTimeOffset after)
    {
        // A stretch of one offset at a time: in it, the wall clock is the real one, shifted.
        DateTime utc = after.UtcDateTime;
        DateTime end = utc.AddYears(SearchYears);
        TimeSpan offset = zone.GetUtcOffset(utc);
        DateTime wall = utc + offset;
        while (utc < end)
        {
            // NCrontab answers with the end of the search when nothing is due before it ("30 February").
            DateTime found = schedule.GetNextOccurrence(Unspecified(wall), Unspecified(end + offset));
            if (found >= end + offset)
            {
                return null;
            }

            DateTime due = DateTime.SpecifyKind(found - offset, DateTimeKind.Utc);
            DateTime? change = NextChange(utc, due);
            if (change is null)
            {
                if (!_everyHour && IsRepeated(found, offset))
                {
                    wall = found;
                    continue;
                }

                return new DateTimeOffset(due, TimeSpan.Zero);
            }

            TimeSpan changed = zone.GetUtcOffset(change.Value);
            if (!_everyHour && found < change.Value + changed)
            {
                return new DateTimeOffset(change.Value, TimeSpan.Zero);
            }

            // Exclusive, hence the second before.
            wall = (_everyHour ? change.Value + changed : Later(change.Value + offset, change.Value + changed)) - Second;
            utc = change.Value;
            offset = changed;
        }

        return null;
    }

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;

    private static DateTime Unspecified(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Unspecified);

    /// <summary>The wall clock shows this time twice, and it is the second time.</summary>
    private bool IsRepeated(DateTime wall, TimeSpan offset) =>
        zone.IsAmbiguousTime(Unspecified(wall)) && zone.GetAmbiguousTimeOffsets(Unspecified(wall)).Max() > offset;

    /// <summary>The first instant after one and not after the other at which the offset is not what it was; to the second.</summary>
    private DateTime? NextChange(DateTime from, DateTime to)
    {
        TimeSpan offset = zone.GetUtcOffset(from);
        // By days, so that no change hides between two looks: a zone changes a few times a year.
        for (DateTime low = from; low < to; low = low.AddDays(1))
        {
            DateTime high = low.AddDays(1) < to ? low.AddDays(1) : to;
            if (zone.GetUtcOffset(high) != offset)
            {
                return Bisect(low, high, offset);
            }
        }

        return null;
    }

    private DateTime Bisect(DateTime low, DateTime high, TimeSpan offset)
    {
        while (high - low > Second)
        {
            DateTime middle = low + ((high - low) / 2);
            (low, high) = zone.GetUtcOffset(middle) == offset ? (middle, high) : (low, middle);
        }

        // Changes fall on whole seconds.
        return high.AddTicks(-(high.Ticks % TimeSpan.TicksPerSecond));
    }
}
