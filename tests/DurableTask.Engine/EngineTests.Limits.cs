using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Limits by name, all workers together.</summary>
public abstract partial class EngineTests
{
    [Fact]
    public async Task No_more_activities_of_a_name_run_at_a_time_than_its_limit_says_on_two_workers()
    {
        string store = NewStore();
        var gauge = new Gauge();
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Fans", context => Task.WhenAll(Enumerable.Range(0, 20)
                .SelectMany(_ => new[] { context.CallActivityAsync("Limited"), context.CallActivityAsync("Free") })))
            .AddActivityFunc("Limited", _ => gauge.PassAsync())
            .AddActivityFunc("Free", _ => { });
        void Limit(TaskHubWorkerOptions options) => options.ConcurrencyLimits.Activities["LIMITED"] = 3;
        await using EngineHost first = await EngineHost.StartAsync(CreateHub(store), Tasks, configureHub: Limit);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks, configureHub: Limit);

        OrchestrationMetadata[] done = await Task.WhenAll(first.RunAsync("Fans"), second.RunAsync("Fans"));

        Assert.All(done, instance => Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus));
        Assert.Equal(40, gauge.Passed);
        Assert.InRange(gauge.Most, 1, 3);
    }

    [Fact]
    public async Task No_more_orchestrations_of_a_name_are_under_way_than_its_limit_says()
    {
        string store = NewStore();
        var running = new ConcurrentDictionary<string, byte>(StringComparer.Ordinal);
        int most = 0;
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Limited", async context =>
            {
                await context.CallActivityAsync("Enter");
                await context.CallActivityAsync("Leave");
            })
            .AddActivityFunc("Enter", context =>
            {
                running[context.InstanceId] = 0;
                InterlockedMax(ref most, running.Count);
            })
            .AddActivityFunc("Leave", context => { running.TryRemove(context.InstanceId, out _); });
        void Limit(TaskHubWorkerOptions options) => options.ConcurrencyLimits.Orchestrations["Limited"] = 2;
        await using EngineHost first = await EngineHost.StartAsync(CreateHub(store), Tasks, configureHub: Limit);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks, configureHub: Limit);

        OrchestrationMetadata[] done = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => first.RunAsync("Limited")));

        Assert.All(done, instance => Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus));
        Assert.InRange(most, 1, 2);
    }

    /// <summary>As docs/durable-task/differences.md tells it.</summary>
    [Fact]
    public async Task An_orchestration_has_no_more_calls_open_than_it_lets_itself_have()
    {
        var gauge = new Gauge();
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int[], int>("Converts", async (context, files) =>
            {
                var open = new List<Task>();
                foreach (int file in files)
                {
                    if (open.Count == 4)
                    {
                        open.Remove(await Task.WhenAny(open));
                    }

                    open.Add(context.CallActivityAsync("Convert", file));
                }

                await Task.WhenAll(open);
                return files.Length;
            })
            .AddActivityFunc<int>("Convert", (_, _) => gauge.PassAsync()));

        OrchestrationMetadata done = await engine.RunAsync("Converts", Enumerable.Range(0, 40).ToArray());

        Assert.Equal((40, 40), (done.ReadOutputAs<int>(), gauge.Passed));
        Assert.InRange(gauge.Most, 1, 4);
    }

    /// <summary>As docs/durable-task/differences.md tells it.</summary>
    [Fact]
    public async Task An_orchestrator_goes_on_without_an_activity_that_takes_too_long_but_ends_after_it()
    {
        var release = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Asks", async context =>
            {
                using var ended = new CancellationTokenSource();
                Task<string> call = context.CallActivityAsync<string>("Ask");
                Task timeout = context.CreateTimer(TimeSpan.FromMilliseconds(50), ended.Token);
                bool isInTime = await Task.WhenAny(call, timeout) == call;
                ended.Cancel();
                context.SetCustomStatus(isInTime ? "answered" : "gave up");
                return isInTime ? await call : "nothing";
            })
            .AddActivityFunc("Ask", _ => release.Task));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Asks");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);
        OrchestrationMetadata waiting = (await engine.Client.GetInstanceAsync(id, getInputsAndOutputs: true))!;
        Assert.Equal((OrchestrationRuntimeStatus.Running, "gave up"), (waiting.RuntimeStatus, waiting.ReadCustomStatusAs<string>()));

        release.SetResult("late");
        Assert.Equal("nothing", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    /// <summary>As docs/durable-task/differences.md tells it.</summary>
    [Fact]
    public async Task An_activity_ends_itself_at_its_own_limit()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Asks", context => context.CallActivityAsync<string>("Ask"))
            .AddActivityFunc<string>("Ask", async context =>
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.GetCancellationToken());
                limit.CancelAfter(TimeSpan.FromMilliseconds(50));
                await Task.Delay(Timeout.InfiniteTimeSpan, limit.Token);
                return "never";
            }));

        OrchestrationMetadata done = await engine.RunAsync("Asks");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.True(done.FailureDetails!.InnerFailure!.IsCausedBy<OperationCanceledException>());
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private sealed class Gauge
    {
        private int _inside;
        private int _most;
        private int _passed;

        public int Most => _most;

        public int Passed => _passed;

        public async Task PassAsync()
        {
            InterlockedMax(ref _most, Interlocked.Increment(ref _inside));
            await Task.Yield();
            Interlocked.Increment(ref _passed);
            Interlocked.Decrement(ref _inside);
        }
    }
}
