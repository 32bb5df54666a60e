using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.ScheduledTasks;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Orchestrations that are started again and again.</summary>
public abstract partial class EngineTests
{
    private static readonly TimeSpan EverySecond = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_schedule_starts_each_occurrence_once_on_several_workers_and_after_a_restart()
    {
        string store = NewStore();
        var runs = new Runs(count: 4);
        EngineHost first = await StartWithSchedulesAsync(store, runs);
        EngineHost second = await StartWithSchedulesAsync(store, runs);
        await SchedulesOf(first).CreateScheduleAsync(
            new ScheduleCreationOptions("tick", "Record", EverySecond) { OrchestrationInput = "hello", StartImmediatelyIfLate = true });
        await runs.FirstCame.Task.WaitAsync(Patience);
        await first.DisposeAsync();
        await second.DisposeAsync();

        await using EngineHost third = await StartWithSchedulesAsync(store, runs);
        await runs.AllCame.Task.WaitAsync(Patience);

        ScheduleDescription schedule = await SchedulesOf(third).GetScheduleClient("tick").DescribeAsync();
        Assert.Equal((ScheduleStatus.Active, "Record", null), (schedule.Status, schedule.OrchestrationName, schedule.LastError));
        Assert.NotNull(schedule.LastRunAt);
        Assert.True(schedule.NextRunAt > schedule.LastRunAt);
        Assert.All(runs.ById, run => Assert.Equal(1, run.Value));
        Assert.Equal("hello", runs.Input);
    }

    [Fact]
    public async Task A_cron_expression_with_seconds_is_a_schedule_too()
    {
        var runs = new Runs(count: 2);
        await using EngineHost engine = await StartWithSchedulesAsync(NewStore(), runs);
        ScheduleClient schedule = await SchedulesOf(engine).CreateScheduleAsync(
            ScheduleCreationOptions.FromCron("cron", "Record", "*/1 * * * * *"));

        await runs.AllCame.Task.WaitAsync(Patience);

        Assert.Equal(("*/1 * * * * *", null), ((await schedule.DescribeAsync()).Cron, (await schedule.DescribeAsync()).Interval));
    }

    [Fact]
    public async Task A_schedule_is_paused_resumed_changed_listed_and_deleted()
    {
        var runs = new Runs(count: 1);
        await using EngineHost engine = await StartWithSchedulesAsync(NewStore(), runs);
        ScheduledTaskClient schedules = SchedulesOf(engine);
        ScheduleClient hourly = await schedules.CreateScheduleAsync(new ScheduleCreationOptions("hourly", "Record", TimeSpan.FromHours(1)));
        await schedules.CreateScheduleAsync(new ScheduleCreationOptions("daily", "Record", TimeSpan.FromDays(1)));

        await hourly.PauseAsync();
        Assert.Equal((ScheduleStatus.Paused, null), ((await hourly.DescribeAsync()).Status, (await hourly.DescribeAsync()).NextRunAt));
        await Assert.ThrowsAsync<ScheduleInvalidTransitionException>(() => hourly.PauseAsync());
        Assert.Equal(["hourly"], await IdsAsync(schedules.ListSchedulesAsync(new ScheduleQuery { Status = ScheduleStatus.Paused })));
        await hourly.ResumeAsync();
        Assert.Equal(["hourly", "daily"], await IdsAsync(schedules.ListSchedulesAsync()));
        await hourly.UpdateAsync(new ScheduleUpdateOptions { StartImmediatelyIfLate = true });
        await runs.AllCame.Task.WaitAsync(Patience);

        await hourly.DeleteAsync();
        Assert.Null(await schedules.GetScheduleAsync("hourly"));
        await Assert.ThrowsAsync<ScheduleNotFoundException>(() => hourly.PauseAsync());
    }

    [Fact]
    public async Task Creating_a_schedule_that_exists_replaces_it()
    {
        await using EngineHost engine = await StartWithSchedulesAsync(NewStore(), new Runs(count: 1));
        ScheduledTaskClient schedules = SchedulesOf(engine);
        await schedules.CreateScheduleAsync(new ScheduleCreationOptions("one", "Record", TimeSpan.FromHours(1)));
        await schedules.CreateScheduleAsync(new ScheduleCreationOptions("one", "Record", TimeSpan.FromHours(2)));
        Assert.Equal(TimeSpan.FromHours(2), (await schedules.GetScheduleAsync("one"))!.Interval);
        Assert.Equal(["one"], await IdsAsync(schedules.ListSchedulesAsync()));
    }

    [Fact]
    public async Task What_a_schedule_starts_has_the_default_version_and_a_strict_worker_takes_it()
    {
        var runs = new Runs(count: 1);
        await using EngineHost engine = await StartWithSchedulesAsync(NewStore(), runs, "2.1");
        await SchedulesOf(engine).CreateScheduleAsync(
            new ScheduleCreationOptions("versioned", "Record", TimeSpan.FromHours(1)) { StartImmediatelyIfLate = true });

        await runs.AllCame.Task.WaitAsync(Patience);
        OrchestrationMetadata done = await engine.WaitAsync(runs.ById.Keys.Single());
        Assert.Equal(OrchestrationRuntimeStatus.Completed, done.RuntimeStatus);
    }

    [Fact]
    public async Task An_id_that_is_too_long_is_refused_by_the_client()
    {
        await using EngineHost engine = await StartWithSchedulesAsync(NewStore(), new Runs(count: 1));
        var options = new ScheduleCreationOptions(new string('s', 65), "Record", TimeSpan.FromHours(1));

        ScheduleClientValidationException refused = await Assert.ThrowsAsync<ScheduleClientValidationException>(
            () => SchedulesOf(engine).CreateScheduleAsync(options));

        Assert.Equal(options.ScheduleId, refused.ScheduleId);
        Assert.Contains("at most 64 characters, got 65", refused.Message, StringComparison.Ordinal);
    }

    private static OrchestratedScheduledTaskClient SchedulesOf(EngineHost engine) => new OrchestratedScheduledTaskClient(engine.Client);

    private static async Task<List<string>> IdsAsync(AsyncPageable<ScheduleDescription> schedules)
    {
        var ids = new List<string>();
        await foreach (ScheduleDescription schedule in schedules)
        {
            ids.Add(schedule.ScheduleId);
        }

        return ids;
    }

    private Task<EngineHost> StartWithSchedulesAsync(string store, Runs runs, string? version = null) => EngineHost.StartAsync(
        CreateHub(store),
        tasks => tasks
            .AddOrchestratorFunc<string, string>("Record", (context, input) => context.CallActivityAsync<string>("Record", input))
            .AddActivityFunc<string, string>("Record", (context, input) => runs.Add(context.InstanceId, input)),
        options => options.Versioning = version is null ? null : new()
        {
            Version = version,
            DefaultVersion = version,
            MatchStrategy = DurableTaskWorkerOptions.VersionMatchStrategy.Strict,
            FailureStrategy = DurableTaskWorkerOptions.VersionFailureStrategy.Fail,
        },
        services: services =>
        {
            services.AddDurableTaskWorker(worker => worker.UseScheduledTasks());
            services.Configure<DurableTaskClientOptions>(options => options.DefaultVersion = version ?? "");
        });

    private sealed class Runs(int count)
    {
        public ConcurrentDictionary<string, int> ById { get; } = new(StringComparer.Ordinal);

        public string? Input { get; private set; }

        public TaskCompletionSource FirstCame { get; } = new();

        public TaskCompletionSource AllCame { get; } = new();

        public string Add(string instanceId, string input)
        {
            Input = input;
            ById.AddOrUpdate(instanceId, 1, (_, runs) => runs + 1);
            FirstCame.TrySetResult();
            if (ById.Count >= count)
            {
                AllCame.TrySetResult();
            }

            return instanceId;
        }
    }
}
