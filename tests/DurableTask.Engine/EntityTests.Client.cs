using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Engine.Tests;

public abstract partial class EntityTests
{
    [Fact]
    public async Task Entities_are_listed_by_prefix_page_by_page_with_or_without_their_state()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<Recorder>());
        foreach (string key in new[] { "a1", "a2", "a3", "b1" })
        {
            await CallAsync(engine, new EntityInstanceId("Counter", key), "add", 7);
        }

        await CallAsync(engine, new EntityInstanceId("Recorder", "a4"), "count");
        var query = new EntityQuery { InstanceIdStartsWith = "Counter@a", PageSize = 2 };

        List<Page<EntityMetadata<int>>> pages = await engine.Client.Entities.GetAllEntitiesAsync<int>(query).AsPages().ToListAsync();
        Assert.Equal([2, 1], pages.Select(page => page.Values.Count));
        Assert.Equal(["a1", "a2", "a3"], pages.SelectMany(page => page.Values).Select(entity => entity.Id.Key));
        Assert.All(pages.SelectMany(page => page.Values), entity => Assert.Equal(7, entity.State));

        EntityQuery rest = query with { ContinuationToken = pages[0].ContinuationToken, IncludeState = false };
        EntityMetadata last = Assert.Single(await engine.Client.Entities.GetAllEntitiesAsync(rest).ToListAsync());
        Assert.Equal(("a3", false), (last.Id.Key, last.IncludesState));
        Assert.Equal(5, (await engine.Client.Entities.GetAllEntitiesAsync().ToListAsync()).Count);
        var all = new EntityQuery { InstanceIdStartsWith = "@" };
        Assert.Equal(5, (await engine.Client.Entities.GetAllEntitiesAsync(all).ToListAsync()).Count);
    }

    [Fact]
    public async Task Entities_are_listed_by_the_time_of_their_last_change()
    {
        await using EngineHost engine = await StartAsync(_ => { });
        await CallAsync(engine, A, "add", 1);
        DateTimeOffset changed = (await engine.Client.Entities.GetEntityAsync(A))!.LastModifiedTime;

        Assert.Single(await ListAsync(new EntityQuery { LastModifiedFrom = changed, LastModifiedTo = changed }));
        Assert.Empty(await ListAsync(new EntityQuery { LastModifiedTo = changed.AddMilliseconds(-1) }));
        Assert.Empty(await ListAsync(new EntityQuery { LastModifiedFrom = changed.AddMilliseconds(1) }));

        ValueTask<List<EntityMetadata>> ListAsync(EntityQuery query) => engine.Client.Entities.GetAllEntitiesAsync(query).ToListAsync();
    }

    [Fact]
    public async Task Reading_an_entity_says_what_it_was_asked_for()
    {
        await using EngineHost engine = await StartAsync(_ => { });
        Assert.Null(await engine.Client.Entities.GetEntityAsync(A));
        await CallAsync(engine, A, "add", 5);

        EntityMetadata untyped = (await engine.Client.Entities.GetEntityAsync(A))!;
        EntityMetadata without = (await engine.Client.Entities.GetEntityAsync(A, includeState: false))!;

        Assert.Equal((A, 5, 0, null), (untyped.Id, untyped.State!.ReadAs<int>(), untyped.BacklogQueueSize, untyped.LockedBy));
        Assert.False(without.IncludesState);
        Assert.Throws<InvalidOperationException>(() => without.State);
    }

    [Fact]
    public async Task Orchestration_queries_and_purges_do_not_meet_entities()
    {
        await using EngineHost engine = await StartAsync(_ => { });
        await CallAsync(engine, A, "add", 5);

        Assert.Equal("Call", Assert.Single(await engine.Client.GetAllInstancesAsync().ToListAsync()).Name);
        Assert.Equal(1, (await engine.Client.PurgeAllInstancesAsync(new PurgeInstancesFilter())).PurgedInstanceCount);
        Assert.Equal(5, (await engine.Client.Entities.GetEntityAsync<int>(A))!.State);
    }

    [Fact]
    public async Task A_clean_up_removes_entities_without_state_and_no_others()
    {
        await using EngineHost engine = await StartAsync(_ => { });
        await CallAsync(engine, A, "add", 5);
        await CallAsync(engine, B, "add", 5);
        await engine.Client.Entities.SignalEntityAsync(B, "delete");
        await engine.Client.Entities.SignalEntityAsync(
            new EntityInstanceId("Counter", "awaited"), "add", 1, SignalAt(DateTimeOffset.UtcNow.AddDays(1)));
        await UntilAsync(() => engine.Client.Entities.GetEntityAsync(B), entity => entity is null);
        Assert.Equal(2, await CountAsync(transient: true));

        CleanEntityStorageResult cleaned = await engine.Client.Entities.CleanEntityStorageAsync();

        Assert.Equal((1, 0, null), (cleaned.EmptyEntitiesRemoved, cleaned.OrphanedLocksReleased, cleaned.ContinuationToken));
        Assert.Equal(5, (await engine.Client.Entities.GetEntityAsync<int>(A))!.State);
        Assert.Equal(1, await CountAsync(transient: true));

        // An entity that was only ever signalled for later is listed by some hubs and not by others: it has no state and no backlog yet.
        async Task<int> CountAsync(bool transient) =>
            (await engine.Client.Entities.GetAllEntitiesAsync(new EntityQuery { IncludeTransient = transient }).ToListAsync())
            .Count(entity => entity.Id.Key != "awaited");
    }

    [Fact]
    public async Task An_entity_is_purged_by_its_id_but_not_while_it_is_locked()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<Recorder>().AddOrchestratorFunc("Holds", HoldAsync));
        var id = new EntityInstanceId("Recorder", "purged");
        string holder = await LockAsync(engine, id);
        await engine.Client.RaiseEventAsync(holder, "use");
        await UntilAsync(() => engine.Client.Entities.GetEntityAsync(id), entity => entity is not null);
        Assert.Equal(0, await PurgeAsync(id));
        await engine.Client.RaiseEventAsync(holder, "leave");
        await UntilAsync(() => engine.Client.Entities.GetEntityAsync(id), entity => entity is { LockedBy: null, BacklogQueueSize: 0 });

        await UntilAsync(() => PurgeAsync(id), purged => purged == 1); // A worker may have it to the very end of its batch.

        Assert.Null(await engine.Client.Entities.GetEntityAsync(id));
        Assert.Equal(0, await PurgeAsync(id));
        Assert.Equal(0, await CallAsync(engine, id, "count"));

        async Task<int> PurgeAsync(EntityInstanceId entity) =>
            (await engine.Client.PurgeInstanceAsync(entity.ToString())).PurgedInstanceCount;
    }

    [Fact]
    public async Task An_operation_may_be_called_nothing()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity("Names", _ => new NameOfOperation())
            .AddOrchestratorFunc<string, string>("Asks", async (context, id) =>
            {
                EntityInstanceId entity = EntityInstanceId.FromString(id!);
                await context.Entities.SignalEntityAsync(entity, "");
                return await context.Entities.CallEntityAsync<string>(entity, "");
            }));
        var id = new EntityInstanceId("Names", "it");
        await engine.Client.Entities.SignalEntityAsync(id, "");

        OrchestrationMetadata done = await engine.RunAsync("Asks", id.ToString());

        Assert.Equal("called ''", done.ReadOutputAs<string>());
        await UntilAsync(
            () => engine.Client.Entities.GetEntityAsync<int>(new EntityInstanceId("Names", "other")), entity => entity?.State == 2);
        await Assert.ThrowsAsync<ArgumentNullException>(() => engine.Client.Entities.SignalEntityAsync(id, null!));
    }

    /// <summary>Counts its signals, and passes those to "it" on to "other".</summary>
    private sealed class NameOfOperation : ITaskEntity
    {
        public ValueTask<object?> RunAsync(TaskEntityOperation operation)
        {
            operation.State.SetState((int)(operation.State.GetState(typeof(int)) ?? 0) + 1);
            if (operation.Context.Id.Key == "it" && (int)operation.State.GetState(typeof(int))! <= 2)
            {
                operation.Context.SignalEntity(new EntityInstanceId("Names", "other"), "");
            }

            return new ValueTask<object?>($"called '{operation.Name}'");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Locks_of_orchestrations_that_ended_without_leaving_are_released(bool byItself)
    {
        string store = NewStore();
        void Tasks(DurableTaskRegistry tasks) => tasks.AddEntity<Recorder>().AddOrchestratorFunc("Holds", HoldAsync);
        var id = new EntityInstanceId("Recorder", "orphan");
        EngineHost first = await StartAsync(Tasks, CreateHub(store));
        string holder = await LockAsync(first, id);
        await first.Client.Entities.SignalEntityAsync(id, "append", 1);
        await first.DisposeAsync();
        await EndWithoutReleaseAsync(CreateHub(store), holder);

        await using EngineHost second = await StartAsync(
            Tasks, CreateHub(store), options => options.OrphanedLockSweepInterval = TimeSpan.FromMilliseconds(byItself ? 50 : 3_600_000));
        if (!byItself)
        {
            // More than one attempt may be needed: the second worker may have the entity just then, for what was signalled to it, and what
            // a worker has is left alone.
            CleanEntityStorageResult cleaned = await UntilAsync(
                () => second.Client.Entities.CleanEntityStorageAsync(), result => result.OrphanedLocksReleased > 0);
            Assert.Equal(1, cleaned.OrphanedLocksReleased);
        }

        Assert.Equal(1, await CallAsync(second, id, "count"));
        Assert.Null((await second.Client.Entities.GetEntityAsync(id))!.LockedBy);
    }

    [Fact]
    public async Task A_clean_up_leaves_the_locks_of_running_orchestrations_alone()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<Recorder>().AddOrchestratorFunc("Holds", HoldAsync));
        var id = new EntityInstanceId("Recorder", "held");
        string holder = await LockAsync(engine, id);

        CleanEntityStorageResult cleaned = await engine.Client.Entities.CleanEntityStorageAsync();

        Assert.Equal((0, 0), (cleaned.EmptyEntitiesRemoved, cleaned.OrphanedLocksReleased));
        await engine.Client.RaiseEventAsync(holder, "leave");
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.WaitAsync(holder)).RuntimeStatus);
    }

    [Fact]
    public async Task Ids_that_no_hub_could_store_are_refused()
    {
        await using EngineHost engine = await StartAsync(_ => { });

        await Assert.ThrowsAsync<ArgumentNullException>(() => engine.Client.Entities.SignalEntityAsync(default, "add", 1));
        await Assert.ThrowsAsync<ArgumentException>(
            () => engine.Client.Entities.SignalEntityAsync(new EntityInstanceId("Counter", "\0"), "add", 1));
        await Assert.ThrowsAsync<ArgumentException>(
            () => engine.Client.Entities.SignalEntityAsync(new EntityInstanceId("Counter", new string('k', 600)), "add", 1));
    }

    /// <summary>What is left when a worker of another make, or the engine's last resort, ends an orchestration.</summary>
    private static async Task EndWithoutReleaseAsync(ITaskHub hub, string instanceId)
    {
        await hub.InitializeAsync();
        await hub.SendMessageAsync(instanceId, new EventRaisedEvent(-1, "1") { Name = "anything" });
        OrchestrationWorkItem item = Assert.Single(
            await hub.LockOrchestrationsAsync(new LockRequest("another", 1, TimeSpan.FromMinutes(1))));
        await hub.CommitTurnAsync(new TurnCommit
        {
            Lock = item.Lock,
            ExecutionId = item.Instance.ExecutionId,
            ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
            HistoryCount = item.HistoryCount,
            Status = OrchestrationStatus.Terminated,
        });
        await ((hub as IAsyncDisposable)?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
