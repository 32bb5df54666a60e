using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Activities that end early, and workers that stop.</summary>
public abstract partial class EngineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Terminating_an_orchestration_cancels_the_token_of_its_running_activities()
    {
        var cancelled = new TaskCompletionSource();
        var running = new TaskCompletionSource<string>();
        await using EngineHost engine = await StartAsync(tasks => WaitsForItsToken(tasks, running, cancelled));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await running.Task.WaitAsync(Patience);

        await engine.Client.TerminateInstanceAsync(id);

        await cancelled.Task.WaitAsync(Patience);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task Terminating_an_orchestration_cancels_the_token_of_an_activity_that_another_worker_runs()
    {
        string store = NewStore();
        var cancelled = new TaskCompletionSource();
        var running = new TaskCompletionSource<string>();
        await using EngineHost orchestrations = await EngineHost.StartAsync(
            HubProxy.WithoutActivities(CreateHub(store)), tasks => WaitsForItsToken(tasks, running, cancelled));
        await using EngineHost activities = await EngineHost.StartAsync(
            HubProxy.WithoutOrchestrations(CreateHub(store)),
            tasks => WaitsForItsToken(tasks, running, cancelled),
            configureHub: options => options.WorkItemLockTimeout = TimeSpan.FromSeconds(3));
        await orchestrations.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await running.Task.WaitAsync(Patience);

        await orchestrations.Client.TerminateInstanceAsync(id);

        await cancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task An_activity_that_is_cancelled_because_its_worker_stops_runs_again_on_another_worker()
    {
        string store = NewStore();
        var interrupted = new TaskCompletionSource();
        var running = new TaskCompletionSource<string>();
        EngineHost first = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => WaitsForItsToken(tasks, running, interrupted),
            configureHub: options => options.DrainTimeout = TimeSpan.Zero);
        await first.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await running.Task.WaitAsync(Patience);

        await first.DisposeAsync();

        Assert.True(interrupted.Task.IsCompleted);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
            .AddActivityFunc("Wait", _ => "done at last"));
        Assert.Equal("done at last", (await second.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Work_that_ignores_its_token_is_given_back_at_the_end_of_a_stop_and_can_store_nothing_any_more()
    {
        string store = NewStore();
        var release = new TaskCompletionSource();
        var running = new TaskCompletionSource<string>();
        EngineHost first = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks
                .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
                .AddActivityFunc("Wait", async context =>
                {
                    running.TrySetResult(context.InstanceId);
                    await release.Task;
                    return "too late";
                }),
            configureHub: options =>
            {
                options.DrainTimeout = TimeSpan.Zero;
                options.CancellationGrace = TimeSpan.Zero;
                options.WorkItemLockTimeout = TimeSpan.FromMinutes(10);
            });
        await first.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await running.Task.WaitAsync(Patience);

        await first.DisposeAsync();
        release.SetResult();

        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
            .AddActivityFunc("Wait", _ => "in time"));
        Assert.Equal("in time", (await second.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_stop_under_load_runs_no_activity_twice_and_another_worker_goes_on()
    {
        const int instances = 60;
        const int steps = 6;
        string store = NewStore();
        var runs = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var busy = new TaskCompletionSource();
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Steps", async context =>
            {
                for (int step = 0; step < steps; step++)
                {
                    await context.CallActivityAsync("Count", step);
                }
            })
            .AddActivityFunc<int>("Count", async (context, step) =>
            {
                runs.AddOrUpdate($"{context.InstanceId}/{step}", 1, (_, count) => count + 1);
                if (runs.Count > instances)
                {
                    busy.TrySetResult();
                }

                await Task.Yield();
            });
        EngineHost first = await EngineHost.StartAsync(CreateHub(store), Tasks);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks);
        string[] ids = await Task.WhenAll(Enumerable.Range(0, instances)
            .Select(_ => second.Client.ScheduleNewOrchestrationInstanceAsync("Steps")));
        await busy.Task.WaitAsync(Patience);

        await first.DisposeAsync();

        OrchestrationMetadata[] done = await Task.WhenAll(ids.Select(second.WaitAsync));
        Assert.All(done, instance => Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus));
        Assert.Equal(instances * steps, runs.Count);
        Assert.DoesNotContain(runs, run => run.Value != 1);
    }

    [Fact]
    public async Task An_activity_of_several_leases_runs_once_beside_a_worker_that_would_take_it()
    {
        string store = NewStore();
        var runs = new ActivityRuns();
        var release = new TaskCompletionSource();

        // It takes nothing else: work of another kind would tell everybody that it lives.
        await using EngineHost first = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => WaitsToBeReleased(tasks, runs, release.Task),
            configureHub: options => options.WorkItemLockTimeout = TimeSpan.FromSeconds(2),
            worker: builder => builder.UseWorkItemFilters());
        await first.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await runs.First.Task.WaitAsync(Patience);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), tasks =>
        {
            WaitsToBeReleased(tasks, runs, release.Task);
            tasks.AddOrchestratorFunc("Sleeps", context => context.CreateTimer(TimeSpan.FromSeconds(6), CancellationToken.None));
        });

        await second.RunAsync("Sleeps"); // three leases
        release.SetResult();

        Assert.Equal("once", (await second.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Equal(1, runs.Count);
    }

    [Fact]
    public void A_lease_is_half_a_minute_unless_it_is_set() =>
        Assert.Equal(TimeSpan.FromSeconds(30), new TaskHubWorkerOptions().WorkItemLockTimeout);

    [Fact]
    public async Task Leases_are_renewed_while_a_stop_waits_for_running_work()
    {
        string store = NewStore();
        var runs = new ActivityRuns();
        var release = new TaskCompletionSource();
        void Tasks(DurableTaskRegistry tasks)
        {
            WaitsToBeReleased(tasks, runs, release.Task);
            tasks.AddOrchestratorFunc("Sleeps", context => context.CreateTimer(TimeSpan.FromSeconds(5), CancellationToken.None));
        }

        EngineHost first = await EngineHost.StartAsync(
            CreateHub(store), Tasks, configureHub: options => options.WorkItemLockTimeout = TimeSpan.FromSeconds(3));
        await first.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await runs.First.Task.WaitAsync(Patience);
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks);

        Task stopped = first.DisposeAsync().AsTask();
        await second.RunAsync("Sleeps"); // longer than the lease
        release.SetResult();

        await stopped;
        Assert.Equal("once", (await second.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Equal(1, runs.Count);
    }

    [Fact]
    public async Task A_hub_that_is_lost_while_a_worker_stops_does_not_fail_the_stop()
    {
        var running = new TaskCompletionSource<string>();
        var renews = new TaskCompletionSource();
        var purges = new TaskCompletionSource();
        ITaskHub hub = HubProxy.Around(CreateHub(NewStore()), (method, arguments) => method switch
        {
            nameof(ITaskHub.RenewLocksAsync) => LostWithAsync<LostLocks>(renews, (CancellationToken)arguments[^1]!),
            nameof(ITaskHub.PurgeExpiredAsync) => LostWithAsync<ExpiryRound>(purges, (CancellationToken)arguments[^1]!),
            _ => null,
        });
        EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => WaitsForItsToken(tasks, running, new TaskCompletionSource()),
            configureHub: options =>
            {
                options.WorkItemLockTimeout = TimeSpan.FromSeconds(3);
                options.DrainTimeout = TimeSpan.Zero;
                options.Retention.Completed = TimeSpan.FromDays(1);
                options.Retention.Interval = TimeSpan.FromSeconds(1);
            });
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await Task.WhenAll(running.Task, renews.Task, purges.Task).WaitAsync(Patience);

        Task life = engine.Life;
        await engine.DisposeAsync();

        await life;
    }

    [Fact]
    public async Task A_hub_that_is_lost_while_a_worker_stops_before_it_began_does_not_fail_the_stop()
    {
        int calls = 0;
        var initializes = new TaskCompletionSource();
        ITaskHub hub = HubProxy.Around(CreateHub(NewStore()), (method, arguments) =>
            method == nameof(ITaskHub.InitializeAsync) && Interlocked.Increment(ref calls) > 1
                ? LostWithAsync<bool>(initializes, (CancellationToken)arguments[^1]!)
                : null);
        EngineHost engine = await EngineHost.StartAsync(hub, _ => { });
        await initializes.Task.WaitAsync(Patience);

        Task life = engine.Life;
        await engine.DisposeAsync();

        await life;
    }

    [Fact]
    public async Task A_stopping_host_claims_nothing_while_its_worker_is_not_yet_stopped()
    {
        string store = NewStore();
        var other = new SlowToStop();
        int claims = 0;
        ITaskHub hub = HubProxy.Around(CreateHub(store), (method, _) =>
        {
            if (other.Stops.IsCompleted && method.StartsWith("Lock", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref claims);
            }

            return null;
        });
        EngineHost first = await EngineHost.StartAsync(hub, One, services: services => services.AddSingleton<IHostedService>(other));
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), One);
        await first.RunAsync("One");

        Task stopped = first.DisposeAsync().AsTask();
        await other.Stops.WaitAsync(Patience);
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => second.Client.ScheduleNewOrchestrationInstanceAsync("One")));
        await Task.WhenAll(ids.Select(second.WaitAsync));

        other.MayStop.SetResult();
        await stopped;
        Assert.Equal(0, claims);
    }

    [Fact]
    public async Task An_activity_that_ends_because_its_host_stops_is_not_claimed_by_that_host_again()
    {
        string store = NewStore();
        var other = new SlowToStop();
        var running = new ActivityRuns();
        EngineHost first = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => OneThatEndsWithItsHost(tasks, other, running),
            services: services => services.AddSingleton<IHostedService>(other));
        await first.Client.ScheduleNewOrchestrationInstanceAsync("One");
        string id = await running.First.Task.WaitAsync(Patience);

        Task stopped = first.DisposeAsync().AsTask();
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), One);
        Assert.Equal("done", (await second.WaitAsync(id)).ReadOutputAs<string>());

        other.MayStop.SetResult();
        await stopped;
        Assert.Equal(1, running.Count);
    }

    [Fact]
    public async Task What_a_look_finds_that_was_under_way_when_its_host_stopped_is_given_back()
    {
        string store = NewStore();
        var other = new SlowToStop();
        var running = new ActivityRuns();
        var free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var found = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        ITaskHub inner = CreateHub(store);
        ITaskHub hub = HubProxy.Around(inner, (method, arguments) => method switch
        {
            nameof(ITaskHub.LockActivitiesAsync) => LookLateAsync((LockRequest)arguments[0]!),
            nameof(ITaskHub.AbandonActivityAsync) => GiveBackAsync((ActivityLock)arguments[0]!, (TimeSpan)arguments[1]!),
            _ => null,
        });
        EngineHost first = await EngineHost.StartAsync(
            hub,
            tasks => OneThatEndsWithItsHost(tasks, other, running),
            services: services => services.AddSingleton<IHostedService>(other));
        await first.Client.ScheduleNewOrchestrationInstanceAsync("One");
        string id = await running.First.Task.WaitAsync(Patience);

        Task stopped = first.DisposeAsync().AsTask();
        Assert.Equal(1, await found.Task.WaitAsync(Patience));
        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), One);
        Assert.Equal("done", (await second.WaitAsync(id)).ReadOutputAs<string>());
        other.MayStop.SetResult();
        await stopped;
        Assert.Equal(1, running.Count);

        // As slow as a busy server: asked before the stop, answered when the activity has been given back.
        async Task<IReadOnlyList<ActivityWorkItem>> LookLateAsync(LockRequest request)
        {
            await free.Task;
            IReadOnlyList<ActivityWorkItem> items = await inner.LockActivitiesAsync(request);
            found.TrySetResult(items.Count);
            return items;
        }

        async Task GiveBackAsync(ActivityLock held, TimeSpan delay)
        {
            await inner.AbandonActivityAsync(held, delay);
            free.TrySetResult();
        }
    }

    private static void WaitsToBeReleased(DurableTaskRegistry tasks, ActivityRuns runs, Task release) => tasks
        .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
        .AddActivityFunc("Wait", async context =>
        {
            Interlocked.Increment(ref runs.Count);
            runs.First.TrySetResult(context.InstanceId);
            await release;
            return "once";
        });

    private static void OneThatEndsWithItsHost(DurableTaskRegistry tasks, SlowToStop host, ActivityRuns runs) => tasks
        .AddOrchestratorFunc("One", context => context.CallActivityAsync<string>("Step"))
        .AddActivityFunc<string>("Step", async context =>
        {
            Interlocked.Increment(ref runs.Count);
            runs.First.TrySetResult(context.InstanceId);
            await host.Stops;
            throw new OperationCanceledException();
        });

    private static void One(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("One", context => context.CallActivityAsync<string>("Step"))
        .AddActivityFunc("Step", _ => "done");

    /// <summary>Another service of the host, registered after the worker and therefore stopped before it.</summary>
    /// <summary>How often an activity began, and for which instance at first.</summary>
    private sealed class ActivityRuns
    {
        public int Count;

        public TaskCompletionSource<string> First { get; } = new();
    }

    private sealed class SlowToStop : IHostedService
    {
        private readonly TaskCompletionSource _stops = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Stops => _stops.Task;

        public TaskCompletionSource MayStop { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _stops.SetResult();
            return MayStop.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>An answer that does not come before the caller stops, and is an error then.</summary>
    private static async Task<T> LostWithAsync<T>(TaskCompletionSource called, CancellationToken stopping)
    {
        var stopped = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = stopping.Register(stopped.SetResult);
        called.TrySetResult();
        await stopped.Task;
        throw new IOException("The connection was lost.");
    }

    private static void WaitsForItsToken(
        DurableTaskRegistry tasks, TaskCompletionSource<string> running, TaskCompletionSource cancelled) => tasks
        .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
        .AddActivityFunc<string>("Wait", async context =>
        {
            running.TrySetResult(context.InstanceId);
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.GetCancellationToken());
                return "never";
            }
            catch (OperationCanceledException)
            {
                cancelled.TrySetResult();
                throw;
            }
        });
}
