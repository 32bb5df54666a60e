using System.Text;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>What a worker owes the hub while that fails: outcomes, and locks that it gives back. Leases last an hour here: what goes on
/// does so because it was told, not because a lease ended.</summary>
public abstract partial class EngineTests
{
    /// <summary>More than any limit that a worker could have set itself.</summary>
    private const int ManyFailures = 12;

    [Fact]
    public async Task An_outcome_is_stored_however_often_the_hub_has_failed_before()
    {
        await using HubOwner owner = Own();
        int failures = 0, runs = 0;
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, arguments) => method switch
            {
                nameof(ITaskHub.CommitTurnAsync) when Finishes(arguments) && failures < ManyFailures => Away<TurnReceipt>(),
                nameof(ITaskHub.CompleteActivityAsync) when Interlocked.Increment(ref failures) <= ManyFailures => Away<bool>(),
                _ => null,
            }),
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Answer"))
                .AddActivityFunc("Answer", _ => $"run {Interlocked.Increment(ref runs)}"),
            configureHub: Impatient);

        Assert.Equal("run 1", (await engine.RunAsync("Calls")).ReadOutputAs<string>());
        Assert.True(failures > ManyFailures);
    }

    [Fact]
    public async Task An_outcome_that_can_never_be_stored_fails_its_call_with_the_reason()
    {
        await using HubOwner owner = Own();
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, arguments) => method switch
            {
                nameof(ITaskHub.CommitTurnAsync) when Finishes(arguments) => throw new EncoderFallbackException("bad \ud800 text"),
                nameof(ITaskHub.CompleteActivityAsync) when arguments[1] is TaskCompletedEvent =>
                    throw new EncoderFallbackException("bad \ud800 text"),
                _ => null,
            }),
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Answer"))
                .AddActivityFunc("Answer", _ => "42"),
            configureHub: Impatient);

        OrchestrationMetadata done = await engine.RunAsync("Calls");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal("UnstorableOutcome", done.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("bad  text", done.FailureDetails.InnerFailure.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_cannot_tell_its_outcomes_does_not_run_more_and_more()
    {
        const int most = 2;
        const int orchestrations = 12;
        await using HubOwner owner = Own();
        int failures = 0, runs = 0;
        bool isAway = true;
        var tried = new TaskCompletionSource();
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, arguments) =>
            {
                if (!isAway || !(method == nameof(ITaskHub.CompleteActivityAsync)
                    || (method == nameof(ITaskHub.CommitTurnAsync) && Finishes(arguments))))
                {
                    return null;
                }

                if (Interlocked.Increment(ref failures) == 40 * most)
                {
                    tried.TrySetResult();
                }

                return method == nameof(ITaskHub.CommitTurnAsync) ? Away<TurnReceipt>() : Away<bool>();
            }),
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<int>("Count"))
                .AddActivityFunc("Count", _ => Interlocked.Increment(ref runs)),
            configure: options => options.Concurrency.MaximumConcurrentActivityWorkItems = most,
            configureHub: Impatient);
        string[] ids = await Task.WhenAll(Enumerable.Range(0, orchestrations)
            .Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls")));
        await tried.Task.WaitAsync(Patience);

        // As many as run at a time, and as many that ended before the first failure was known.
        Assert.InRange(runs, 1, 2 * most);
        isAway = false;
        OrchestrationMetadata[] done = await Task.WhenAll(ids.Select(engine.WaitAsync));
        Assert.All(done, instance => Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus));
        Assert.Equal(orchestrations, runs);
    }

    [Theory]
    [InlineData("chosen")]
    [InlineData(null)]
    public async Task A_start_begins_however_often_its_first_turn_could_not_be_stored_nor_given_back(string? id)
    {
        await using HubOwner owner = Own();
        int commits = 0, returns = 0;
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, _) => method switch
            {
                nameof(ITaskHub.CommitTurnAsync) when Interlocked.Increment(ref commits) == 1 => Away<TurnReceipt>(),
                nameof(ITaskHub.AbandonOrchestrationAsync) when Interlocked.Increment(ref returns) <= ManyFailures => Away<bool>(),
                _ => null,
            }),
            tasks => tasks.AddOrchestratorFunc("Ends", _ => Task.FromResult("done")),
            configureHub: Impatient);

        string started = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Ends", input: null, new StartOrchestrationOptions(InstanceId: id));

        Assert.Equal("done", (await engine.WaitAsync(started)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_activity_that_a_stop_interrupts_is_given_back_at_the_second_attempt_too()
    {
        await using HubOwner owner = Own();
        int returns = 0;
        var interrupted = new TaskCompletionSource();
        var running = new TaskCompletionSource<string>();
        EngineHost first = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, _) =>
                method == nameof(ITaskHub.AbandonActivityAsync) && Interlocked.Increment(ref returns) == 1 ? Away<bool>() : null),
            tasks => WaitsForItsToken(tasks, running, interrupted),
            configureHub: options =>
            {
                Impatient(options);
                options.DrainTimeout = TimeSpan.Zero;
            });
        await first.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string id = await running.Task.WaitAsync(Patience);

        await first.DisposeAsync();

        await using EngineHost second = await EngineHost.StartAsync(Unowned(owner.Hub), tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.CallActivityAsync<string>("Wait"))
            .AddActivityFunc("Wait", _ => "done at last"));
        Assert.Equal("done at last", (await second.WaitAsync(id)).ReadOutputAs<string>());
    }

    /// <summary>The lock is taken, the look along fails: what the turn claimed must run all the same.</summary>
    [Fact]
    public async Task What_a_stored_turn_started_runs_although_the_orchestrator_throws_while_it_is_disposed()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestrator<ThrowsInDispose>("Calls")
                .AddActivityFunc<int, int>("Double", (_, n) => 2 * n),
            configureHub: Impatient);

        Assert.Equal(20, (await engine.RunAsync("Calls", 5)).ReadOutputAs<int>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Activities_keep_their_leases_while_those_of_entities_cannot_be_renewed(bool hangs)
    {
        var lease = TimeSpan.FromSeconds(1.5);
        string store = NewStore();
        int started = 0, renewals = 0;
        var end = new TaskCompletionSource();
        var entityRuns = new TaskCompletionSource();
        var activityRuns = new TaskCompletionSource();
        var goesOn = new TaskCompletionSource();
        ITaskHub hub = CreateHub(store);
        await using var connected = hub as IAsyncDisposable;
        ITaskHub withoutEntities = HubProxy.AroundEntities(hub, method => method != nameof(IEntityHub.RenewAsync)
            ? null
            : hangs
                ? new TaskCompletionSource<IReadOnlyList<EntityLock>>().Task
                : Task.FromException<IReadOnlyList<EntityLock>>(new TimeoutException("The entities did not answer.")));
        void Tasks(DurableTaskRegistry tasks)
        {
            tasks.AddOrchestratorFunc("Works", context => context.CallActivityAsync("Work"));
            tasks.AddActivityFunc("Work", async _ =>
            {
                if (Interlocked.Increment(ref started) > 1)
                {
                    goesOn.TrySetResult();
                }

                activityRuns.TrySetResult();
                await end.Task;
            });
        }

        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(withoutEntities, (method, arguments) =>
            {
                if (method == nameof(ITaskHub.RenewLocksAsync)
                    && ((IReadOnlyCollection<ActivityLock>)arguments[1]!).Count > 0 && Interlocked.Increment(ref renewals) == 9)
                {
                    goesOn.TrySetResult();
                }

                return null;
            }),
            tasks =>
            {
                Tasks(tasks);
                tasks.AddEntity("Slow", _ => new SlowEntity(entityRuns, end.Task));
            },
            configure: options => options.EnableEntitySupport = true,
            configureHub: options => options.WorkItemLockTimeout = lease);
        await hub.Entities.SignalAsync(new OutgoingEntityMessage(
            new EntityInstanceId("Slow", "one").ToString(), new EntityMessage { Operation = "run", IsSignal = true }));
        await entityRuns.Task.WaitAsync(Patience);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Works");
        await activityRuns.Task.WaitAsync(Patience);
        await using EngineHost second = await EngineHost.StartAsync(
            CreateHub(store), Tasks, configureHub: options => options.WorkItemLockTimeout = lease);

        // Nine renewals are three leases.
        await goesOn.Task.WaitAsync(Patience);
        end.SetResult();

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.WaitAsync(id)).RuntimeStatus);
        Assert.Equal(1, started);
    }

    private static bool Finishes(object?[] arguments) => ((TurnCommit)arguments[0]!).FinishedActivities.Count > 0;

    private static Task<T> Away<T>() => Task.FromException<T>(new IOException("The hub is away."));

    private static void Impatient(TaskHubWorkerOptions options)
    {
        options.WorkItemLockTimeout = TimeSpan.FromHours(1);
        options.MaximumReconnectDelay = TimeSpan.FromMilliseconds(20);
    }

    private HubOwner Own() => new(CreateHub(NewStore()));

    /// <summary>The same hub for another host, which does not dispose it.</summary>
    private static ITaskHub Unowned(ITaskHub hub) => HubProxy.Around(hub, (_, _) => null);

    /// <summary>A hub that outlives its hosts.</summary>
    private sealed class HubOwner(ITaskHub hub) : IAsyncDisposable
    {
        public ITaskHub Hub => hub;

        public ValueTask DisposeAsync() => hub is IAsyncDisposable connected ? connected.DisposeAsync() : ValueTask.CompletedTask;
    }

    private sealed class ThrowsInDispose : TaskOrchestrator<int, int>, IDisposable
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, int input) =>
            (await Task.WhenAll(
                context.CallActivityAsync<int>("Double", input), context.CallActivityAsync<int>("Double", input))).Sum();

        public void Dispose() => throw new InvalidOperationException("nothing to dispose");
    }

    private sealed class SlowEntity(TaskCompletionSource runs, Task end) : ITaskEntity
    {
        public async ValueTask<object?> RunAsync(TaskEntityOperation operation)
        {
            runs.TrySetResult();
            await end;
            return null;
        }
    }
}
