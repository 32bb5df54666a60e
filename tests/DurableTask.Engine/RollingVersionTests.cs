using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class RollingVersionsInMemory(InMemoryBackend backend) : RollingVersionTests(backend), IClassFixture<InMemoryBackend>;

public sealed class RollingVersionsOnPostgreSql(PostgreSqlBackend backend)
    : RollingVersionTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>Workers of two versions of the engine on one hub: one of them cannot read all that the other writes.</summary>
public abstract class RollingVersionTests(IHubBackend backend) : EngineSuite(backend)
{
    private const int Events = 20;
    private const int MoreThanRefusalsOfATurn = 7;

    [Fact]
    public async Task What_an_old_worker_cannot_read_it_leaves_to_a_new_one()
    {
        string store = NewStore();
        ITaskHub hub = CreateHub(store);
        int left = 0;
        var isLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost older = await EngineHost.StartAsync(
            HubProxy.Around(hub, (method, arguments) =>
            {
                switch (method)
                {
                    case nameof(ITaskHub.LockOrchestrationsAsync):
                        return ReadOldAsync(hub.LockOrchestrationsAsync((LockRequest)arguments[0]!, CancellationToken.None));
                    case nameof(ITaskHub.GetHistoryAsync):
                        return ReadOldAsync(hub.GetHistoryAsync((string)arguments[0]!, CancellationToken.None));
                    case nameof(ITaskHub.AbandonOrchestrationAsync) when Interlocked.Increment(ref left) == MoreThanRefusalsOfATurn:
                        isLeft.SetResult();
                        return null;
                    default:
                        return null;
                }
            }),
            Tasks,
            configureHub: options => options.RejectionDelay = TimeSpan.FromMilliseconds(20));
        string id = await older.Client.ScheduleNewOrchestrationInstanceAsync("Collects");
        await older.Client.WaitForInstanceStartAsync(id);
        await older.Client.RaiseEventAsync(id, "new", 0);
        await isLeft.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await using EngineHost newer = await StartAsync(
            Tasks, configureHub: options => options.RejectionDelay = TimeSpan.FromMilliseconds(20), store: store);
        for (int i = 1; i < Events; i++)
        {
            await newer.Client.RaiseEventAsync(id, "new", i);
        }

        OrchestrationMetadata done = await newer.WaitAsync(id);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        Assert.Equal(Enumerable.Range(0, Events).Sum(), done.ReadOutputAs<int>());
    }

    [Fact]
    public async Task A_call_of_an_activity_that_an_old_worker_cannot_read_is_left_to_a_new_one()
    {
        string store = NewStore();
        ITaskHub hub = CreateHub(store);
        int left = 0;
        var isLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost older = await EngineHost.StartAsync(
            HubProxy.Around(HubProxy.WithoutActivities(hub), (method, arguments) =>
            {
                switch (method)
                {
                    case nameof(ITaskHub.LockActivitiesAsync):
                        return ReadOldAsync(hub.LockActivitiesAsync((LockRequest)arguments[0]!, CancellationToken.None));
                    case nameof(ITaskHub.AbandonActivityAsync) when Interlocked.Increment(ref left) == MoreThanRefusalsOfATurn:
                        isLeft.SetResult();
                        return null;
                    default:
                        return null;
                }
            }),
            Tasks,
            configureHub: options => options.RejectionDelay = TimeSpan.FromMilliseconds(20));
        string id = await older.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await isLeft.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await using EngineHost newer = await StartAsync(Tasks, store: store);

        OrchestrationMetadata done = await newer.WaitAsync(id);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, "42"), (done.RuntimeStatus, done.ReadOutputAs<string>()));
    }

    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Answer"))
        .AddActivityFunc("Answer", _ => "42")
        .AddOrchestratorFunc("Collects", async context =>
        {
            int sum = 0;
            for (int i = 0; i < Events; i++)
            {
                sum += await context.WaitForExternalEvent<int>("new");
            }

            return sum;
        });

    private static async Task<IReadOnlyList<OrchestrationWorkItem>> ReadOldAsync(Task<IReadOnlyList<OrchestrationWorkItem>> locked) =>
        [.. (await locked).Select(item => item with
        {
            Messages = [.. item.Messages.Select(message => message with { Event = ReadOld(message.Event) })],
            History = item.History is { } history ? [.. history.Select(ReadOld)] : null,
        })];

    private static async Task<IReadOnlyList<HistoryEvent>?> ReadOldAsync(Task<IReadOnlyList<HistoryEvent>?> history) =>
        await history is { } all ? [.. all.Select(ReadOld)] : null;

    /// <summary>The stored form of the call is one that the old version does not know.</summary>
    private static async Task<IReadOnlyList<ActivityWorkItem>> ReadOldAsync(Task<IReadOnlyList<ActivityWorkItem>> locked) =>
        [.. (await locked).Select(item => ActivityWorkItem.Read(
            item.Lock, item.ExecutionId, OfANewKind, item.DeliveryCount, item.LostAttempts))];

    private static HistoryEvent ReadOld(HistoryEvent entry) =>
        entry is EventRaisedEvent { Name: "new" } ? HistorySerializer.ReadEvent(OfANewKind) : entry;

    private const string OfANewKind = """{"$event":"FromTheFuture"}""";
}
