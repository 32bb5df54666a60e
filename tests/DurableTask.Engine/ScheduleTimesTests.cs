using System.Globalization;
using Microsoft.DurableTask.ScheduledTasks;

namespace Heal.DurableTask.Engine.Tests;

public sealed class ScheduleTimesTests
{
    private static readonly DateTimeOffset Noon = At("12:00:00");

    [Theory]
    [InlineData(0, "Interval must be positive")]
    [InlineData(-1000, "Interval must be positive")]
    [InlineData(500, "Interval must be at least 1 second")]
    public void An_interval_is_at_least_a_second(int milliseconds, string expected)
    {
        var error = Assert.Throws<ArgumentException>(
            () => new ScheduleCreationOptions("nightly", "Clean", TimeSpan.FromMilliseconds(milliseconds)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_has_an_id_and_an_orchestration()
    {
        Assert.Throws<ArgumentNullException>(() => new ScheduleCreationOptions(null!, "Clean", TimeSpan.FromMinutes(1)));
        Assert.Throws<ArgumentException>(() => new ScheduleCreationOptions("", "Clean", TimeSpan.FromMinutes(1)));
        Assert.Throws<ArgumentException>(() => new ScheduleCreationOptions("nightly", "", TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("12:00:00", "12:10:00")]
    [InlineData("12:09:59", "12:10:00")]
    [InlineData("12:10:00", "12:20:00")]
    [InlineData("12:45:00", "12:50:00")]
    public void An_interval_counts_from_its_beginning(string after, string next) =>
        Assert.Equal(At(next), ScheduleTimes.Next(Every10Minutes(), At(after)));

    [Fact]
    public void The_first_occurrence_is_at_the_start_at_once_or_after_one_interval()
    {
        Assert.Equal(At("13:00:00"), ScheduleTimes.First(Every10Minutes() with { StartAt = At("13:00:00") }, Noon));
        Assert.Equal(Noon, ScheduleTimes.First(Every10Minutes() with { StartImmediatelyIfLate = true }, Noon));
        Assert.Equal(At("12:10:00"), ScheduleTimes.First(Every10Minutes(), Noon));
        Assert.Equal(At("12:05:00"), ScheduleTimes.First(Every10Minutes() with { StartAt = At("11:55:00") }, Noon));
    }

    [Fact]
    public void Nothing_is_due_after_the_end() =>
        Assert.Null(ScheduleTimes.Next(Every10Minutes() with { EndAt = At("12:15:00") }, At("12:10:00")));

    [Theory]
    [InlineData("30 * * * * *", "12:00:30")]
    [InlineData("15 * * * *", "12:15:00")]
    public void Cron_takes_six_fields_or_five(string cron, string next) =>
        Assert.Equal(At(next), ScheduleTimes.Next(Every10Minutes() with { Cron = cron }, Noon));

    [Fact]
    public void A_day_that_never_comes_has_no_occurrence() =>
        Assert.Null(ScheduleTimes.Next(Every10Minutes() with { Cron = "0 0 30 2 *" }, Noon));

    [Theory]
    [InlineData("every day")]
    [InlineData("61 * * * *")]
    [InlineData("")]
    public void What_is_no_cron_expression_is_refused(string cron) =>
        Assert.Throws<ArgumentException>(() => ScheduleCreationOptions.FromCron("s", "o", cron));

    [Theory]
    [InlineData(MissedRuns.Skip, "12:10:30", "12:10:00")]
    [InlineData(MissedRuns.Skip, "12:35:00", "")]
    [InlineData(MissedRuns.Skip, "12:40:30", "12:40:00")]
    [InlineData(MissedRuns.RunOnce, "12:35:00", "12:30:00")]
    [InlineData(MissedRuns.RunAll, "12:35:00", "12:10:00 12:20:00 12:30:00")]
    public void Missed_occurrences_are_left_out_stand_for_one_or_are_made_up_for(MissedRuns policy, string now, string started) =>
        Assert.Equal(
            started.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(At),
            ScheduleTimes.Due(Every10Minutes() with { MissedRuns = policy }, At("12:10:00"), At(now)));

    [Fact]
    public void No_more_than_a_thousand_are_made_up_for()
    {
        var everySecond = Every10Minutes() with { Interval = TimeSpan.FromSeconds(1), MissedRuns = MissedRuns.RunAll };
        var due = ScheduleTimes.Due(everySecond, Noon, Noon.AddHours(1));
        Assert.Equal((ScheduleTimes.MaximumMissed, Noon.AddHours(1)), (due.Count, due[^1]));
    }

    private static ScheduleConfig Every10Minutes() =>
        new("o", null, null, null, null, TimeSpan.FromMinutes(10), false, null, MissedRuns.Skip, Noon);

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse($"2030-01-02T{time}Z", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
