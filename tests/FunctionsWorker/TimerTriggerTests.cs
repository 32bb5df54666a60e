using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

public sealed class TimerTriggerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _time = new(Noon);

    [Theory]
    [InlineData("*/5 * * * * *", "12:00:05")]
    [InlineData("0 30 * * * *", "12:30:00")]
    [InlineData("15 13 * * *", "13:15:00")]
    [InlineData("00:10:00", "12:10:00")]
    public void A_schedule_knows_its_next_time(string schedule, string expected) =>
        Assert.Equal(expected, $"{TimerSchedule.Parse(schedule)!.Next(Noon):HH:mm:ss}");

    [Theory]
    [InlineData("every minute")]
    [InlineData("* * * * * * *")]
    [InlineData("00:00:00")]
    [InlineData("")]
    public void Text_that_is_no_schedule_is_refused(string schedule) => Assert.Null(TimerSchedule.Parse(schedule));

    [Fact]
    public void A_schedule_without_a_time_has_no_next_time() => Assert.Null(TimerSchedule.Parse("0 0 0 30 2 *")!.Next(Noon));

    [Fact]
    public async Task A_timer_fires_when_it_is_due_and_not_before()
    {
        await using TestHost host = await StartAsync();
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.MoveTo(Noon.AddMinutes(7).AddSeconds(-1));
        Assert.Empty(host.Get<Journal>().Entries);
        _time.MoveTo(Noon.AddMinutes(7));
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=12:14:00 late=False"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_run_that_outlasts_its_next_times_is_never_joined_by_another_and_the_schedule_goes_on()
    {
        await using TestHost host = await StartAsync();
        Journal journal = host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.MoveTo(Noon.AddMinutes(7));
        await journal.NextAsync();
        _time.MoveTo(Noon.AddMinutes(24.5));
        journal.GoOn.Release();
        // The loop waits for its next time only when the run is over: had a second run begun, it would be in the journal now.
        await _time.WaitsUntilAsync(Noon.AddMinutes(28));
        Assert.Single(journal.Entries);
        _time.MoveTo(Noon.AddMinutes(28));
        await journal.NextAsync();
        journal.GoOn.Release();
        Assert.Equal(2, journal.Entries.Count);
    }

    [Fact]
    public async Task A_failed_run_is_logged_and_does_not_stop_the_schedule()
    {
        await using TestHost host = await StartAsync();
        Journal journal = host.Get<Journal>();
        journal.Fail = true;
        for (int run = 1; run <= 2; run++)
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(7 * run));
            _time.MoveTo(Noon.AddMinutes(7 * run));
            await journal.NextAsync();
        }

        await _time.WaitsUntilAsync(Noon.AddMinutes(21));
        Assert.Equal(2, host.Log.Lines.Count(static l =>
            l.Contains("Timer function Tick failed (told to fail)", StringComparison.Ordinal)));
    }

    // Every seven minutes: nothing else in the host waits that long, so that who waits for such a time is the timer function.
    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(_time),
        settings: new(StringComparer.Ordinal) { ["TICK"] = "0 */7 * * * *" },
        listeners: ["Tick"]);
}
