using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class RetryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Due = Noon.AddMinutes(7);

    private readonly ManualTime _time = new(Noon);

    [Fact]
    public async Task A_timer_function_that_fails_runs_again_after_its_delay_and_no_more_often_than_it_says()
    {
        await using TestHost host = await StartAsync("TickAgain");
        Journal journal = host.Get<Journal>();
        journal.Fail = true;
        foreach (DateTimeOffset at in new[] { Due, Due.AddSeconds(30), Due.AddSeconds(60) })
        {
            await _time.WaitsUntilAsync(at);
            _time.MoveTo(at);
            await journal.NextAsync();
        }

        // The schedule goes on: the failure of the last attempt was final.
        await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        Assert.Equal(
            ["attempt 0 of 2 late=False", "attempt 1 of 2 late=False", "attempt 2 of 2 late=False"], journal.Entries);
    }

    [Fact]
    public async Task A_success_ends_the_retries_and_minus_one_has_no_end()
    {
        await using TestHost host = await StartAsync("TickOnAndOn");
        Journal journal = host.Get<Journal>();
        journal.Fail = true;
        // 11 s, 22 s, 31 s, 31 s: at times for which nothing else in the host waits.
        foreach (int seconds in new[] { 0, 11, 33, 64, 95 })
        {
            await _time.WaitsUntilAsync(Due.AddSeconds(seconds));
            journal.Fail = seconds < 95;
            _time.MoveTo(Due.AddSeconds(seconds));
            await journal.NextAsync();
        }

        await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        Assert.Equal(5, journal.Entries.Count);
        Assert.Equal("attempt 4 of -1 late=False", journal.Entries.Last());
    }

    [Fact]
    public async Task An_attempt_that_was_given_up_has_to_end_before_the_next_one_begins()
    {
        await using TestHost host = await StartAsync("TickAgain", """{ "functionTimeout": "00:01:00" }""");
        Journal journal = host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Due);
        _time.MoveTo(Due);
        await journal.NextAsync();
        DateTimeOffset givenUp = Due.AddMinutes(1) + AbandonedFunction.Grace;
        await _time.WaitsUntilAsync(givenUp);
        _time.MoveTo(givenUp);
        await host.Log.ContainsAsync("retry 1 of 2");
        _time.MoveTo(givenUp.AddMinutes(1));

        journal.GoOn.Release();

        await _time.WaitsUntilAsync(givenUp.AddMinutes(1.5));
        Assert.Single(journal.Entries);
    }

    [Fact]
    public async Task A_host_that_stops_does_not_wait_for_a_retry()
    {
        await using TestHost host = await StartAsync("TickAgain");
        Journal journal = host.Get<Journal>();
        journal.Fail = true;
        await _time.WaitsUntilAsync(Due);
        _time.MoveTo(Due);
        await _time.WaitsUntilAsync(Due.AddSeconds(30));
        await host.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["attempt 0 of 2 late=False"], journal.Entries);
        Assert.Contains("Timer function TickAgain failed (told to fail)", host.Log.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attempt_that_fails_while_the_host_stops_leaves_the_occurrence_to_the_next_host()
    {
        await using TestHost host = await StartAsync("TickAgain");
        Journal journal = host.Get<Journal>();
        (journal.Fail, journal.Hold) = (true, true);
        // What is registered first is called last: then the retries know, too.
        var stopping = new TaskCompletionSource();
        host.Get<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        await _time.WaitsUntilAsync(Due);
        _time.MoveTo(Due);
        await journal.NextAsync();
        Task stopped = host.Host.StopAsync();
        await stopping.Task;
        journal.GoOn.Release();
        await stopped.WaitAsync(TimeSpan.FromSeconds(20));

        TimerState left = (await host.Get<IHostStore>().ReadAsync("TickAgain", CancellationToken.None))!;
        Assert.Equal((Due, null), (left.Next, left.LeaseLeft));
    }

    [Fact]
    public void Faulty_retries_are_reported_with_what_to_do()
    {
        Assert.Contains("'soon', expected a time", FaultOf(new FixedDelayRetryAttribute(1, "soon")), StringComparison.Ordinal);
        Assert.Contains("-2 retries", FaultOf(new FixedDelayRetryAttribute(-2, "00:00:01")), StringComparison.Ordinal);
        Assert.Contains(
            "'00:00:01', expected a time as \"hh:mm:ss\" from 00:00:02",
            FaultOf(new ExponentialBackoffRetryAttribute(1, "00:00:02", "00:00:01")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(HttpTriggerAttribute), "the caller sees the failure")]
    [InlineData(typeof(ActivityTriggerAttribute), "TaskOptions.FromRetryPolicy")]
    [InlineData(typeof(OrchestrationTriggerAttribute), "sub-orchestrator")]
    public void A_trigger_that_comes_again_in_its_own_way_takes_no_retries(Type trigger, string instead) =>
        Assert.Contains(
            instead,
            FaultOf(new FixedDelayRetryAttribute(1, "00:00:01"), (TriggerBindingAttribute)Activator.CreateInstance(trigger)!),
            StringComparison.Ordinal);

    private static string FaultOf(RetryAttribute attribute, TriggerBindingAttribute? trigger = null)
    {
        List<string> faults = [];
        FunctionRetry.Of(attribute, trigger ?? new TimerTriggerAttribute("0 0 0 * * *"), faults.Add);
        return faults.Single();
    }

    private Task<TestHost> StartAsync(string function, string? hostJson = null) => TestHost.StartAsync(
        // The clock jumps over the delays: a lease of the usual length would be lost on the way.
        builder => builder.Services
            .AddSingleton<TimeProvider>(_time)
            .AddSingleton(new TimerLease { Duration = TimeSpan.FromHours(1), LookAgainAfter = TimeSpan.FromHours(1) }),
        settings: new(StringComparer.Ordinal) { ["TICK"] = "0 */7 * * * *" },
        hostJson: hostJson,
        listeners: [function]);
}
