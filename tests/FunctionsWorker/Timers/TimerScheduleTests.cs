using System.Globalization;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests.Timers;

public sealed class TimerScheduleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("*/5 * * * * *", "12:00:05")]
    [InlineData("0 30 * * * *", "12:30:00")]
    [InlineData("15 13 * * *", "13:15:00")]
    [InlineData("00:10:00", "12:10:00")]
    public void A_schedule_knows_its_next_time(string schedule, string expected) =>
        Assert.Equal(expected, $"{Parse(schedule, "UTC")!.Next(Noon):HH:mm:ss}");

    [Theory]
    [InlineData("23:00:00", "01-02 11:00")]
    [InlineData("24:00:00", "01-25 12:00")]
    [InlineData("1.00:00:00", "01-02 12:00")]
    [InlineData("25:00:00:00", "01-26 12:00")]
    public void A_time_whose_first_part_is_no_hour_counts_days(string schedule, string expected) =>
        Assert.Equal(expected, $"{Parse(schedule, "UTC")!.Next(Noon):MM-dd HH:mm}");

    [Theory]
    [InlineData("24")]
    [InlineData("every minute")]
    [InlineData("* * * * * * *")]
    [InlineData("00:00:00")]
    [InlineData("")]
    public void Text_that_is_no_schedule_is_refused(string schedule) => Assert.Null(Parse(schedule, "UTC"));

    [Fact]
    public void A_schedule_without_a_time_has_no_next_time() => Assert.Null(Parse("0 0 0 30 2 *", "Europe/Berlin")!.Next(Noon));

    [Fact]
    public void A_schedule_means_the_clock_of_its_zone() =>
        Assert.Equal("05-01 07:00", $"{Parse("0 0 9 1 5 *", "Europe/Berlin")!.Next(Noon):MM-dd HH:mm}");

    [Fact]
    public void An_interval_keeps_its_beat_when_runs_are_late() => Assert.Equal(
        "12:30:00", $"{Parse("00:10:00", "UTC")!.Next(due: Noon, now: Noon.AddMinutes(25)):HH:mm:ss}");

    // Berlin puts its clock forward on 29 March 2026, 01:00 UTC, from 02:00 to 03:00.
    [Theory]
    [InlineData("0 30 2 * * *", "03-28 01:30, 03-29 01:00, 03-30 00:30")]
    [InlineData("0 0,30 2 * * *", "03-28 01:00, 03-28 01:30, 03-29 01:00, 03-30 00:00")]
    [InlineData("0 0 3 * * *", "03-28 02:00, 03-29 01:00, 03-30 01:00")]
    [InlineData("0 0 */2 * * *", "03-27 23:00, 03-28 01:00, 03-28 03:00", "2026-03-27T22:00Z")]
    [InlineData("0 0 */2 * * *", "03-28 23:00, 03-29 01:00, 03-29 02:00", "2026-03-28T22:00Z")]
    public void Where_the_clock_is_put_forward_what_it_leaves_out_fires_once_at_the_change(
        string schedule, string expected, string from = "2026-03-28T00:00Z") =>
        Assert.Equal(expected, Times(schedule, from, expected.Split(',').Length));

    // Berlin puts its clock back on 25 October 2026, 01:00 UTC, from 03:00 to 02:00.
    [Theory]
    [InlineData("0 30 2 * * *", "10-24 00:30, 10-25 00:30, 10-26 01:30")]
    [InlineData("0 */20 2 * * *", "10-25 00:00, 10-25 00:20, 10-25 00:40, 10-26 01:00", "2026-10-24T12:00Z")]
    [InlineData("0 30 2 * * *", "10-26 01:30", "2026-10-25T01:10Z")]
    [InlineData("0 0 3 * * *", "10-24 01:00, 10-25 02:00, 10-26 02:00")]
    public void Where_the_clock_is_put_back_what_it_shows_twice_fires_once(
        string schedule, string expected, string from = "2026-10-24T00:00Z") =>
        Assert.Equal(expected, Times(schedule, from, expected.Split(',').Length));

    [Theory]
    [InlineData("2026-03-28T23:00Z")]
    [InlineData("2026-10-24T23:00Z")]
    public void Every_five_minutes_is_every_five_minutes_also_over_a_change(string from)
    {
        DateTimeOffset at = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        TimerSchedule schedule = Parse("0 */5 * * * *", "Europe/Berlin")!;
        for (int i = 0; i < 60; i++)
        {
            DateTimeOffset next = schedule.Next(at)!.Value;
            Assert.Equal(TimeSpan.FromMinutes(5), next - at);
            at = next;
        }
    }

    [Theory]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Asia/Kathmandu")]
    public void Each_day_of_a_year_has_one_run_at_half_past_one(string zone)
    {
        TimerSchedule schedule = Parse("0 30 1 * * *", zone)!;
        DateTimeOffset at = Noon;
        var days = new List<int>();
        for (int i = 0; i < 365; i++)
        {
            at = schedule.Next(at)!.Value;
            days.Add(TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(zone)).DayOfYear);
        }

        Assert.Equal(365, days.Distinct().Count());
    }

    [Theory]
    [InlineData("* * * * * *", true)]
    [InlineData("0,30 * * * * *", true)]
    [InlineData("00:00:59", true)]
    [InlineData("0 * * * * *", false)]
    [InlineData("* * * * *", false)]
    [InlineData("00:01:00", false)]
    public void What_may_be_due_more_than_once_a_minute_is_known(string schedule, bool expected) =>
        Assert.Equal(expected, Parse(schedule, "UTC")!.IsWithinMinutes);

    [Theory]
    [InlineData("Europe/Berlin", "Europe/Berlin")]
    [InlineData("W. Europe Standard Time", "Europe/Berlin")]
    [InlineData("utc", "UTC")]
    [InlineData("", "UTC")]
    public void A_zone_has_an_iana_id_or_a_windows_id(string setting, string expected)
    {
        var faults = new List<string>();
        Assert.Equal(expected, Zone(setting, faults).Id);
        Assert.Empty(faults);
    }

    [Fact]
    public void Every_windows_zone_leads_to_a_zone_of_this_machine()
    {
        using Stream stream = typeof(TimerSchedule).Assembly.GetManifestResourceStream(typeof(TimerSchedule), "WindowsZones.txt")!;
        using var reader = new StreamReader(stream);
        string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var faults = new List<string>();
        foreach (string line in lines)
        {
            Zone(line.Split('=')[0], faults);
        }

        Assert.True(lines.Length > 100);
        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_zone_that_nobody_knows_ends_the_start_and_is_named()
    {
        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["WEBSITE_TIME_ZONE"] = "Europe/Atlantis" }));
        Assert.Contains("WEBSITE_TIME_ZONE: is 'Europe/Atlantis', expected", exception.Message, StringComparison.Ordinal);
    }

    private static TimeZoneInfo Zone(string setting, List<string> faults) => TimerZone.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("WEBSITE_TIME_ZONE", setting)]).Build(), faults);

    private static TimerSchedule? Parse(string schedule, string zone) =>
        TimerSchedule.Parse(schedule, TimeZoneInfo.FindSystemTimeZoneById(zone));

    private static string Times(string schedule, string from, int count)
    {
        TimerSchedule parsed = Parse(schedule, "Europe/Berlin")!;
        DateTimeOffset at = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        var times = new List<string>();
        for (int i = 0; i < count; i++)
        {
            at = parsed.Next(at)!.Value;
            times.Add($"{at:MM-dd HH:mm}");
        }

        return string.Join(", ", times);
    }
}
