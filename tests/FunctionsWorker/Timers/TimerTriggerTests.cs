using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests.Timers;

public sealed class TimerTriggerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private const string Schedule = "0 */7 * * * *";

    private readonly ManualTime _time = new(Noon);

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

    [Theory]
    [InlineData("TickAsText", "\"IsPastDue\":false")]
    [InlineData("TickAsOwn", "own next=12:14:00 late=False")]
    public async Task A_timer_is_bound_as_JSON_text_or_as_a_class_of_the_applications_own(string function, string expected)
    {
        await using TestHost host = await StartAsync(function);
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.MoveTo(Noon.AddMinutes(7));
        await host.Get<Journal>().NextAsync();
        Assert.Contains(expected, host.Get<Journal>().Entries.Single(), StringComparison.Ordinal);
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
    public async Task A_run_that_does_not_heed_functionTimeout_keeps_its_lease_until_it_ends()
    {
        await using TestHost host = await StartAsync("TickAsText", hostJson: """{ "functionTimeout": "00:01:00" }""");
        Journal journal = host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.MoveTo(Noon.AddMinutes(7));
        await journal.NextAsync();
        DateTimeOffset givenUp = Noon.AddMinutes(8) + AbandonedFunction.Grace;
        await _time.WaitsUntilAsync(givenUp);
        _time.MoveTo(givenUp);
        await host.Log.ContainsAsync("until it ends, it is not run again on any host");
        _time.MoveTo(Noon.AddMinutes(14));
        Assert.True((await host.Get<IHostStore>().ReadAsync("TickAsText", default))!.LeaseLeft > TimeSpan.Zero);

        journal.GoOn.Release();

        await _time.WaitsUntilAsync(Noon.AddMinutes(21));
        Assert.Single(journal.Entries);
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

    [Fact]
    public async Task A_host_that_died_in_a_run_is_followed_by_another_once_its_lease_and_a_grace_are_over()
    {
        await using TestHost host = await StartAsync();
        await DieInRunAsync(host);
        await _time.WaitsUntilAsync(Noon.AddMinutes(7).AddSeconds(35));
        Assert.Empty(host.Get<Journal>().Entries);
        _time.MoveTo(Noon.AddMinutes(7).AddSeconds(35));
        await host.Get<Journal>().NextAsync();
        await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        Assert.Equal(["tick next=12:14:00 late=True"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_host_that_was_only_out_of_reach_says_within_the_grace_that_its_run_is_over()
    {
        await using TestHost host = await StartAsync();
        TimerClaim claim = await DieInRunAsync(host);
        await _time.WaitsUntilAsync(Noon.AddMinutes(7).AddSeconds(35));
        await host.Get<IHostStore>().CompleteAsync(
            new("Tick", claim.Fence, Schedule, Noon.AddMinutes(14), KeepsNext: false, _time.GetUtcNow()), default);
        _time.MoveTo(Noon.AddMinutes(7).AddSeconds(35));
        await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        Assert.Empty(host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_clock_that_jumps_over_an_occurrence_is_noticed_within_a_minute()
    {
        await using TestHost host = await StartAsync(lease: new TimerLease());
        // Others of the host wait for a minute too: the timer does when it has an occurrence to wait for.
        await Azurite.UntilAsync(
            async () => await host.Get<IHostStore>().ReadAsync("Tick", default) is not null, "the timer is known");
        await _time.WaitsUntilAsync(Noon.AddMinutes(1));
        _time.Jump(TimeSpan.FromMinutes(7));
        _time.Advance(TimeSpan.FromMinutes(1));
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=12:14:00 late=True"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_silence_a_timer_until_the_time_it_had_come_to()
    {
        await using TestHost host = await StartAsync();
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.Jump(TimeSpan.FromHours(-1));
        DateTimeOffset eleven = Noon.AddHours(-1);
        _time.MoveTo(eleven.AddMinutes(7));
        await _time.WaitsUntilAsync(eleven.AddMinutes(14));
        _time.MoveTo(eleven.AddMinutes(14));
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=11:21:00 late=False"], host.Get<Journal>().Entries);
    }

    /// <summary>Another host wins the occurrence of 12:07, and is not heard of when its lease ends, 30 s later.</summary>
    private async Task<TimerClaim> DieInRunAsync(TestHost host)
    {
        DateTimeOffset due = Noon.AddMinutes(7);
        await _time.WaitsUntilAsync(due);
        TimerClaim claim = (await host.Get<IHostStore>().ClaimAsync(
            new("Tick", Schedule, due, "a host that dies", Noon, TimeSpan.FromMinutes(7.5)), default))!;
        _time.MoveTo(due);
        await _time.WaitsUntilAsync(due.AddSeconds(30));
        _time.MoveTo(due.AddSeconds(30));
        return claim;
    }

    // Every seven minutes: nothing else in the host waits that long, so that who waits for such a time is the timer function.
    private Task<TestHost> StartAsync(string function = "Tick", TimerLease? lease = null, string? hostJson = null) => TestHost.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(_time).AddSingleton(
            lease ?? new TimerLease { Duration = TimeSpan.FromHours(1), LookAgainAfter = TimeSpan.FromHours(1) }),
        settings: new(StringComparer.Ordinal) { ["TICK"] = Schedule },
        hostJson: hostJson,
        listeners: [function]);
}
