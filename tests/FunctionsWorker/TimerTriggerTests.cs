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
        await _time.WaitsUntilAsync(Noon.AddMinutes(1));
        _time.MoveTo(Noon.AddSeconds(59));
        Assert.Empty(host.Get<Journal>().Entries);
        _time.MoveTo(Noon.AddMinutes(1));
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=12:02:00 late=False"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_run_that_outlasts_its_next_times_is_never_joined_by_another_and_the_schedule_goes_on()
    {
        await using TestHost host = await StartAsync();
        Journal journal = host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(1));
        _time.MoveTo(Noon.AddMinutes(1));
        await journal.NextAsync();
        _time.MoveTo(Noon.AddMinutes(3.5));
        journal.GoOn.Release();
        // The loop waits for its next time only when the run is over: had a second run begun, it would be in the journal now.
        await _time.WaitsUntilAsync(Noon.AddMinutes(4));
        Assert.Single(journal.Entries);
        _time.MoveTo(Noon.AddMinutes(4));
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
        for (int minute = 1; minute <= 2; minute++)
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(minute));
            _time.MoveTo(Noon.AddMinutes(minute));
            await journal.NextAsync();
        }

        await _time.WaitsUntilAsync(Noon.AddMinutes(3));
        Assert.Equal(2, host.Log.Lines.Count(static l =>
            l.Contains("Timer function Tick failed (told to fail)", StringComparison.Ordinal)));
    }

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(_time),
        settings: new(StringComparer.Ordinal) { ["TICK"] = "0 * * * * *" },
        listeners: ["Tick"]);
}
