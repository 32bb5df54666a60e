using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Locks that the hub gave, and of which the worker never heard: the answer got lost, or could not be read. Leases last an hour
/// here.</summary>
public abstract partial class EngineTests
{
    [Fact]
    public async Task An_orchestration_whose_lock_came_with_no_answer_runs_and_counts_as_lost_with_nobody()
    {
        await using HubOwner owner = Own();
        int lost = 0, attempts = -1;
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, arguments) => method == nameof(ITaskHub.LockOrchestrationsAsync)
                ? LoseAnswersAsync(
                    owner.Hub.LockOrchestrationsAsync((LockRequest)arguments[0]!),
                    isLost: _ => Interlocked.Increment(ref lost) <= 2,
                    heard: item => attempts = item.LostAttempts)
                : null),
            tasks => tasks.AddOrchestratorFunc("Ends", _ => Task.FromResult("done")),
            configureHub: Impatient);

        Assert.Equal("done", (await engine.RunAsync("Ends")).ReadOutputAs<string>());
        Assert.Equal((3, 0), (lost, attempts));
    }

    [Fact]
    public async Task An_activity_whose_lock_came_with_no_answer_runs_once_and_counts_as_lost_with_nobody()
    {
        await using HubOwner owner = Own();
        int lost = 0, runs = 0;
        (int Lost, int Deliveries) heard = default;
        ITaskHub hub = HubProxy.Around(owner.Hub, (method, arguments) => method switch
        {
            // So that activities are found by looks.
            nameof(ITaskHub.CommitTurnAsync) => owner.Hub.CommitTurnAsync((TurnCommit)arguments[0]! with { ClaimActivities = 0 }),
            nameof(ITaskHub.LockActivitiesAsync) => LoseAnswersAsync(
                owner.Hub.LockActivitiesAsync((LockRequest)arguments[0]!),
                isLost: _ => Interlocked.Increment(ref lost) <= 2,
                heard: item => heard = (item.LostAttempts, item.DeliveryCount)),
            _ => null,
        });
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<int>("Count"))
                .AddActivityFunc("Count", _ => Interlocked.Increment(ref runs)),
            configureHub: Impatient);

        Assert.Equal(1, (await engine.RunAsync("Calls")).ReadOutputAs<int>());
        Assert.Equal((3, (0, 1)), (lost, heard));
    }

    [Fact]
    public async Task An_entity_whose_lock_came_with_no_answer_does_its_operations()
    {
        await using HubOwner owner = Own();
        int lost = 0;
        ITaskHub hub = HubProxy.AroundEntities(owner.Hub, (method, arguments) => method == nameof(IEntityHub.LockAsync)
            ? LoseAnswersAsync(
                owner.Hub.Entities.LockAsync((LockRequest)arguments[0]!), isLost: _ => Interlocked.Increment(ref lost) <= 2)
            : null);
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc(
                    "Asks", context => context.Entities.CallEntityAsync<string>(new EntityInstanceId("Echo", "one"), "any"))
                .AddEntity("Echo", _ => new Echo()),
            configure: options => options.EnableEntitySupport = true,
            configureHub: Impatient);

        Assert.Equal("any", (await engine.RunAsync("Asks")).ReadOutputAs<string>());
        Assert.Equal(3, lost);
    }

    /// <summary>What is found together with it is given back again and again, and gets past it one by one.</summary>
    [Fact]
    public async Task Work_that_makes_every_look_fail_keeps_nobody_else_from_running()
    {
        await using HubOwner owner = Own();
        bool isMended = false;
        var refused = new ConcurrentDictionary<int, bool>();
        string[] ids;
        await using (EngineHost first = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, _) => method == nameof(ITaskHub.LockOrchestrationsAsync)
                ? Task.FromResult<IReadOnlyList<OrchestrationWorkItem>>([])
                : null),
            _ => { }))
        {
            ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(
                _ => first.Client.ScheduleNewOrchestrationInstanceAsync("Ends")));
        }

        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(owner.Hub, (method, arguments) => method == nameof(ITaskHub.LockOrchestrationsAsync)
                ? LoseAnswersAsync(owner.Hub.LockOrchestrationsAsync((LockRequest)arguments[0]!), items =>
                {
                    bool isLost = !isMended && items.Any(item => item.Lock.InstanceId == ids[0]);
                    return isLost && (refused[items.Count] = true);
                })
                : null),
            tasks => tasks.AddOrchestratorFunc("Ends", _ => Task.FromResult("done")),
            configureHub: Impatient);

        Assert.All(await Task.WhenAll(ids[1..].Select(engine.WaitAsync)), done => Assert.Equal("done", done.ReadOutputAs<string>()));
        Assert.Contains(refused.Keys, count => count > 1);
        isMended = true;
        Assert.Equal("done", (await engine.WaitAsync(ids[0])).ReadOutputAs<string>());
    }

    /// <summary>The look for lost locks sees the locks of an answer that is on its way; they are not lost.</summary>
    [Fact]
    public async Task A_lock_whose_answer_takes_its_time_is_not_given_back()
    {
        await using HubOwner owner = Own();
        int runs = 0, looks = 0, givenBack = 0;
        var isLost = new TaskCompletionSource();
        var isFound = new TaskCompletionSource();
        var isGivenBackTwice = new TaskCompletionSource();
        ITaskHub hub = HubProxy.Around(owner.Hub, (method, arguments) => method switch
        {
            nameof(ITaskHub.CommitTurnAsync) => owner.Hub.CommitTurnAsync((TurnCommit)arguments[0]! with { ClaimActivities = 0 }),
            nameof(ITaskHub.LockActivitiesAsync) => LookAsync((LockRequest)arguments[0]!),
            nameof(ITaskHub.FindActivityLocksAsync) => FindAsync((string)arguments[0]!),
            nameof(ITaskHub.AbandonActivityAsync) => GiveBackAsync((ActivityLock)arguments[0]!, (TimeSpan)arguments[1]!),
            _ => null,
        });
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<int>("Count"))
                .AddActivityFunc("Count", _ => Interlocked.Increment(ref runs)),
            configureHub: Impatient);
        string first = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await isLost.Task.WaitAsync(Patience);

        OrchestrationMetadata done = await engine.WaitAsync(first);

        Assert.Equal((1, 1, 1), (done.ReadOutputAs<int>(), runs, givenBack));

        async Task GiveBackAsync(ActivityLock held, TimeSpan delay)
        {
            await owner.Hub.AbandonActivityAsync(held, delay);
            if (Interlocked.Increment(ref givenBack) == 2)
            {
                isGivenBackTwice.SetResult();
            }
        }

        async Task<IReadOnlyList<ActivityWorkItem>> LookAsync(LockRequest request)
        {
            IReadOnlyList<ActivityWorkItem> items = await owner.Hub.LockActivitiesAsync(request);
            if (items.Count == 0)
            {
                return items;
            }

            if (Interlocked.Increment(ref looks) == 1)
            {
                isLost.SetResult();
                throw new IOException("The answer got lost.");
            }

            // The second one is under way until the worker has looked for what it did not hear of, and has had the time to give it back.
            await isFound.Task.WaitAsync(Patience);
            await Task.WhenAny(isGivenBackTwice.Task, Task.Delay(TimeSpan.FromMilliseconds(300)));
            return items;
        }

        async Task<IReadOnlyList<ActivityLock>> FindAsync(string workerId)
        {
            IReadOnlyList<ActivityLock> found = await owner.Hub.FindActivityLocksAsync(workerId);
            if (looks > 1 && found.Count > 0)
            {
                isFound.TrySetResult();
            }

            return found;
        }
    }

    /// <summary>A hub's answer that sometimes does not arrive, although what was asked for is done.</summary>
    private static async Task<IReadOnlyList<T>> LoseAnswersAsync<T>(
        Task<IReadOnlyList<T>> answer, Func<IReadOnlyList<T>, bool> isLost, Action<T>? heard = null)
    {
        IReadOnlyList<T> items = await answer;
        if (items.Count > 0 && isLost(items))
        {
            throw new IOException("The answer got lost.");
        }

        foreach (T item in items)
        {
            heard?.Invoke(item);
        }

        return items;
    }

    private sealed class Echo : ITaskEntity
    {
        public ValueTask<object?> RunAsync(TaskEntityOperation operation) => new(operation.Name);
    }
}
