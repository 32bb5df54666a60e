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

    [Fact]
    public void What_is_started_is_what_a_walk_over_every_occurrence_finds()
    {
        var chance = new Random(25);
        string?[] crons = [null, "* * * * * *", "*/7 * * * * *", "30 2 * * *", "0 0 * * 1", "0 0 30 2 *", "* * * * * 1", "0 0 0 29 2 *"];
        for (int n = 0; n < 2000; n++)
        {
            ScheduleConfig config = Every10Minutes() with
            {
                Cron = crons[chance.Next(crons.Length)],
                Interval = TimeSpan.FromSeconds(1 + (chance.NextDouble() * chance.Next(1, 5000))),
                StartAt = chance.Next(3) == 0 ? Noon.AddSeconds(chance.Next(-5000, 5000)) : null,
                EndAt = chance.Next(3) == 0 ? Noon.AddSeconds(chance.Next(0, 10_000)) : null,
                MissedRuns = Enum.GetValues<MissedRuns>()[chance.Next(3)],
            };
            DateTimeOffset? due = chance.Next(4) == 0 ? Noon.AddTicks(chance.NextInt64(10_000_000_000)) : ScheduleTimes.First(config, Noon);
            DateTimeOffset now = Noon.AddTicks(chance.NextInt64(20_000_000_000) * chance.Next(1, 20));
            if (due is { } first)
            {
                Assert.Equal(WalkedOver(config, first, now), ScheduleTimes.Due(config, first, now));
            }
        }
    }

    [Theory]
    [InlineData("* * * * * *", MissedRuns.Skip, 61)]
    [InlineData("* * * * * *", MissedRuns.RunOnce, 1)]
    [InlineData("* * * * * *", MissedRuns.RunAll, 1000)]
    public void Weeks_that_nobody_looked_cost_no_walk_over_all_that_was_missed(string cron, MissedRuns policy, int started)
    {
        ScheduleConfig config = Every10Minutes() with { Cron = cron, Interval = TimeSpan.FromSeconds(1), MissedRuns = policy };
        ScheduleTimes.Due(config, Noon, Noon.AddHours(1));
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(started, ScheduleTimes.Due(config, Noon, Noon.AddDays(7)).Count);

        // 604,800 were missed. Work shows in what it allocates; time would depend on the machine.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    [Fact]
    public void Cron_is_in_UTC_and_knows_no_summer_time()
    {
        // When clocks in Prague go from 2:00 to 3:00, and back.
        foreach (string day in new[] { "2030-03-30", "2030-10-26" })
        {
            ScheduleConfig config = Every10Minutes() with { Cron = "30 2 * * *", MissedRuns = MissedRuns.RunAll };
            DateTimeOffset begin = DateTimeOffset.Parse($"{day}T02:30:00Z", CultureInfo.InvariantCulture);

            IReadOnlyList<DateTimeOffset> due = ScheduleTimes.Due(
                config, begin.ToOffset(TimeSpan.FromHours(1)), begin.AddDays(2).ToOffset(TimeSpan.FromHours(2)));

            Assert.Equal([begin, begin.AddDays(1), begin.AddDays(2)], due);
            Assert.Equal(begin.AddDays(1), ScheduleTimes.Next(config, begin.ToOffset(TimeSpan.FromHours(2))));
        }
    }

    /// <summary>What schedules have always started: histories say so.</summary>
    private static List<DateTimeOffset> WalkedOver(ScheduleConfig config, DateTimeOffset due, DateTimeOffset now)
    {
        var all = new List<DateTimeOffset>();
        for (DateTimeOffset? next = due; next <= now; next = ScheduleTimes.Next(config, next.Value))
        {
            all.Add(next.Value);
        }

        return config.MissedRuns switch
        {
            MissedRuns.RunAll => [.. all.TakeLast(ScheduleTimes.MaximumMissed)],
            MissedRuns.RunOnce => [.. all.TakeLast(1)],
            _ => [.. all.TakeLast(ScheduleTimes.MaximumMissed).Where(occurrence => now - occurrence <= ScheduleTimes.MissedAfter)],
        };
    }

    private static ScheduleConfig Every10Minutes() =>
        new("o", null, null, null, null, TimeSpan.FromMinutes(10), false, null, MissedRuns.Skip, Noon);

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse($"2030-01-02T{time}Z", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
