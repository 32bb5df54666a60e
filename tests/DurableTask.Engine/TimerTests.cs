using DurableTask.Core.History;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

public sealed class TimersInMemory(InMemoryBackend backend) : TimerTests(backend), IClassFixture<InMemoryBackend>;

public sealed class TimersOnPostgreSql(PostgreSqlBackend backend) : TimerTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class TimerTests(IHubBackend backend) : EngineSuite(backend)
{
    [Theory]
    [InlineData(0)]
    [InlineData(-3600)]
    public async Task A_timer_of_no_or_a_negative_delay_fires_at_once(int seconds)
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc(
            "Sleeps", context => context.CreateTimer(TimeSpan.FromSeconds(seconds), CancellationToken.None)));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Sleeps");

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.WaitAsync(id)).RuntimeStatus);
        Assert.Single(await HistoryAsync<TimerFiredEvent>(engine, id));
    }

    [Fact]
    public async Task A_far_timer_goes_in_legs_of_the_maximum_interval_and_each_is_logged()
    {
        var logs = new CollectingLogs();
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc(
                "Sleeps", context => context.CreateTimer(TimeSpan.FromMilliseconds(2100), CancellationToken.None)),
            options => options.MaximumTimerInterval = TimeSpan.FromSeconds(1),
            services: services => services.AddSingleton<ILoggerProvider>(logs)
                .Configure<LoggerFilterOptions>(filter => filter.MinLevel = LogLevel.Debug));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Sleeps");
        await engine.WaitAsync(id);

        // A leg that fires late makes the rest shorter: how many there are depends on the machine, how long they are does not.
        var legs = new List<double>();
        DateTime now = default;
        foreach (HistoryEvent entry in await engine.Client.GetOrchestrationHistoryAsync(id))
        {
            now = entry is OrchestratorStartedEvent ? entry.Timestamp : now;
            if (entry is TimerCreatedEvent leg)
            {
                legs.Add((leg.FireAt - now).TotalMilliseconds);
            }
        }

        Assert.Equal(1000, legs[0]);
        Assert.All(legs, leg => Assert.InRange(leg, double.MinValue, 1000));
        Assert.Equal(legs.Count, logs.Entries.Count(
            entry => entry.Category == "Microsoft.DurableTask.Worker.Orchestrations"
                && entry.Message.Contains("CreateTimer", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_cancelled_timer_throws_and_does_not_hold_the_instance()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Cancels", async context =>
        {
            using var enough = new CancellationTokenSource();
            Task timer = context.CreateTimer(TimeSpan.FromHours(1), enough.Token);
            await context.WaitForExternalEvent<string>("go");
            enough.Cancel();
            try
            {
                await timer;
                return "fired";
            }
            catch (TaskCanceledException)
            {
                return "cancelled";
            }
        }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Cancels");
        await engine.Client.WaitForInstanceStartAsync(id);
        await engine.Client.RaiseEventAsync(id, "go");

        Assert.Equal("cancelled", (await engine.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Single(await HistoryAsync<TimerCreatedEvent>(engine, id));
        Assert.Empty(await HistoryAsync<TimerFiredEvent>(engine, id));
    }

    [Fact]
    public async Task A_timer_with_a_cancelled_token_throws_and_is_never_created()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Cancels", async context =>
        {
            Exception? thrown = await Record.ExceptionAsync(
                () => context.CreateTimer(TimeSpan.FromHours(1), new CancellationToken(canceled: true)));
            return thrown?.GetType().Name;
        }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Cancels");

        Assert.Equal(nameof(TaskCanceledException), (await engine.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Empty(await HistoryAsync<TimerCreatedEvent>(engine, id));
    }

    [Fact]
    public async Task A_far_timer_can_be_cancelled_between_its_legs()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Cancels", async context =>
            {
                using var enough = new CancellationTokenSource();
                Task far = context.CreateTimer(TimeSpan.FromHours(1), enough.Token);
                await context.CreateTimer(TimeSpan.FromMilliseconds(250), CancellationToken.None);
                enough.Cancel();
                return (await Record.ExceptionAsync(() => far))?.GetType().Name;
            }),
            options => options.MaximumTimerInterval = TimeSpan.FromMilliseconds(100));

        Assert.Equal(nameof(TaskCanceledException), (await engine.RunAsync("Cancels")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_instance_stays_running_while_a_timer_is_open()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Hasty", async context =>
        {
            Task open = context.CreateTimer(TimeSpan.FromMilliseconds(600), CancellationToken.None);
            context.SetCustomStatus("left open");
            await Task.WhenAny(open, Task.CompletedTask);
            return "done";
        }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Hasty");
        OrchestrationMetadata early = await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);

        Assert.Equal(OrchestrationRuntimeStatus.Running, early.RuntimeStatus);
        Assert.Equal("done", (await engine.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Single(await HistoryAsync<TimerFiredEvent>(engine, id));
    }

    [Fact]
    public async Task A_failure_too_waits_for_open_timers()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Hasty", context =>
        {
            _ = context.CreateTimer(TimeSpan.FromMilliseconds(300), CancellationToken.None);
            context.SetCustomStatus("left open");
            throw new InvalidOperationException("too early");
        }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Hasty");
        OrchestrationMetadata failed = await engine.WaitAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Failed, failed.RuntimeStatus);
        Assert.Equal("too early", failed.FailureDetails!.ErrorMessage);
        Assert.Single(await HistoryAsync<TimerFiredEvent>(engine, id));
    }
}
