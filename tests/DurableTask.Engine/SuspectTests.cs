using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

public sealed class SuspectsInMemory(InMemoryBackend backend) : SuspectTests(backend), IClassFixture<InMemoryBackend>;

public sealed class SuspectsOnPostgreSql(PostgreSqlBackend backend) : SuspectTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>What two workers were lost with is suspect; only more that are lost make it poison.</summary>
public abstract class SuspectTests(IHubBackend backend) : EngineSuite(backend)
{
    private const int MaximumLostAttempts = 3;

    [Fact]
    public async Task Waiting_in_line_is_not_a_lost_attempt()
    {
        // Twice as many as may wait; those that go back come again at once, and more often than an activity may be lost.
        const int Count = 32;
        const int MostDeliveries = 4 * MaximumLostAttempts;
        string store = NewStore();
        string id = await ScheduleAsync(store, Count);
        ITaskHub hub = CreateHub(store);
        var waited = new ConcurrentDictionary<int, int>();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(hub, (method, arguments) =>
            {
                if (method != nameof(ITaskHub.AbandonActivityAsync))
                {
                    return null;
                }

                var held = (ActivityLock)arguments[0]!;
                if (waited.AddOrUpdate(held.TaskId, 1, (_, times) => times + 1) == MostDeliveries + 1)
                {
                    release.TrySetResult();
                }

                return hub.AbandonActivityAsync(held, TimeSpan.FromMilliseconds(10), CancellationToken.None);
            }),
            tasks => tasks.AddOrchestratorFunc("Calls", _ => CallAllAsync(_, Count)).AddActivityFunc("Works", async _ =>
            {
                await release.Task;
                return "done";
            }),
            configureHub: options => options.MaximumLostAttempts = MaximumLostAttempts,
            before: _ => LoseActivitiesAsync(hub, Count));

        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    [Fact]
    public async Task A_suspect_whose_worker_stops_in_time_was_not_lost()
    {
        string store = NewStore();
        string id = await ScheduleAsync(store, 1);
        ITaskHub hub = CreateHub(store);
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        EngineHost stopped = await EngineHost.StartAsync(
            hub,
            tasks => tasks.AddOrchestratorFunc("Calls", _ => CallAllAsync(_, 1)).AddActivityFunc("Works", async context =>
            {
                running.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, context.GetCancellationToken());
                return "never";
            }),
            configureHub: options =>
            {
                options.MaximumLostAttempts = MaximumLostAttempts;
                options.DrainTimeout = TimeSpan.Zero;
            },
            before: _ => LoseActivitiesAsync(hub, 1));
        await running.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await stopped.DisposeAsync();

        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Calls", _ => CallAllAsync(_, 1)).AddActivityFunc("Works", _ => "done"),
            configureHub: options => options.MaximumLostAttempts = MaximumLostAttempts,
            store: store);
        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    [Fact]
    public async Task A_suspect_that_a_filter_holds_back_was_not_lost()
    {
        ITaskHub hub = CreateHub(NewStore());
        string id = "";
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
            configureHub: options => options.MaximumLostAttempts = MaximumLostAttempts,
            before: async client =>
            {
                id = await client.ScheduleNewOrchestrationInstanceAsync("Job");
                await LoseOrchestrationAsync(hub);
            },
#pragma warning disable CS0618 // Obsolete by contract.
            worker: builder => builder.UseOrchestrationFilter(new Filter(asked => asked > MaximumLostAttempts)));
#pragma warning restore CS0618

        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    [Fact]
    public async Task A_suspect_whose_turn_cannot_be_stored_was_not_lost()
    {
        ITaskHub hub = CreateHub(NewStore());
        string id = "";
        int commits = 0;
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(hub, (method, _) =>
                method == nameof(ITaskHub.CommitTurnAsync) && Interlocked.Increment(ref commits) <= MaximumLostAttempts
                    ? Task.FromException<TurnReceipt>(new IOException("The hub is away."))
                    : null),
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
            configureHub: options => options.MaximumLostAttempts = MaximumLostAttempts,
            before: async client =>
            {
                id = await client.ScheduleNewOrchestrationInstanceAsync("Job");
                await LoseOrchestrationAsync(hub);
            });

        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    private static Task<string[]> CallAllAsync(TaskOrchestrationContext context, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => context.CallActivityAsync<string>("Works")));

    /// <summary>An orchestration that has called activities which nobody has begun.</summary>
    private async Task<string> ScheduleAsync(string store, int count)
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.WithoutActivities(CreateHub(store)), tasks => tasks.AddOrchestratorFunc("Calls", _ => CallAllAsync(_, count)));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await UntilAsync(engine, id, state => state.IsRunning);
        return id;
    }

    private static async Task LoseActivitiesAsync(ITaskHub hub, int count)
    {
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal(count, (await hub.LockActivitiesAsync(Lost(attempt))).Count);
        }
    }

    private static async Task LoseOrchestrationAsync(ITaskHub hub)
    {
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Single(await hub.LockOrchestrationsAsync(Lost(attempt)));
        }
    }

    private static LockRequest Lost(int attempt) => new($"lost {attempt}", MaxCount: 100, Lease: TimeSpan.Zero);
}
