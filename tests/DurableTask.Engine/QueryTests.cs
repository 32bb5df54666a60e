using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class QueriesInMemory(InMemoryBackend backend) : QueryTests(backend), IClassFixture<InMemoryBackend>;

public sealed class QueriesOnPostgreSql(PostgreSqlBackend backend) : QueryTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>What clients see of instances: lists, pages, history, tags, custom status.</summary>
public abstract class QueryTests(IHubBackend backend) : EngineSuite(backend)
{
    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc<string, string>("Ends", (_, input) => input)
        .AddOrchestratorFunc("Fails", _ => throw new IOException("wanted"))
        .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go"));

    private static async Task<List<OrchestrationMetadata>> ListAsync(EngineHost engine, OrchestrationQuery query)
    {
        var all = new List<OrchestrationMetadata>();
        await foreach (OrchestrationMetadata each in engine.Client.GetAllInstancesAsync(query))
        {
            all.Add(each);
        }

        return all;
    }

    [Fact]
    public async Task Instances_are_listed_by_prefix_status_and_creation()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMinutes(-1);
        foreach ((string name, string id) in new[] { ("Ends", "a-1"), ("Ends", "a-2"), ("Waits", "a-3"), ("Fails", "b-1") })
        {
            await engine.Client.ScheduleNewOrchestrationInstanceAsync(name, "x", new StartOrchestrationOptions(InstanceId: id));
            await UntilAsync(engine, id, state => state.RuntimeStatus != OrchestrationRuntimeStatus.Pending);
        }

        await Task.WhenAll(new[] { "a-1", "a-2", "b-1" }.Select(engine.WaitAsync));
        async Task<string> Ids(OrchestrationQuery query) =>
            string.Join(' ', (await ListAsync(engine, query)).Select(each => each.InstanceId));

        Assert.Equal("a-1 a-2 a-3 b-1", await Ids(new OrchestrationQuery()));
        Assert.Equal("a-1 a-2 a-3", await Ids(new OrchestrationQuery(InstanceIdPrefix: "a-")));
        Assert.Equal("a-3", await Ids(new OrchestrationQuery(Statuses: [OrchestrationRuntimeStatus.Running])));
        Assert.Equal("a-1 a-2 b-1", await Ids(new OrchestrationQuery(
            Statuses: [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed])));
        Assert.Equal("a-1 a-2 a-3 b-1", await Ids(new OrchestrationQuery(CreatedFrom: before)));
        Assert.Equal("", await Ids(new OrchestrationQuery(CreatedTo: before)));
        Assert.Equal("a-1 a-2", await Ids(new OrchestrationQuery(
            before, before.AddHours(1), [OrchestrationRuntimeStatus.Completed], InstanceIdPrefix: "a")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Payloads_are_listed_only_when_they_are_asked_for(bool fetch)
    {
        await using EngineHost engine = await StartAsync(Tasks);
        await engine.RunAsync("Ends", "x");

        OrchestrationMetadata listed = Assert.Single(await ListAsync(engine, new OrchestrationQuery(FetchInputsAndOutputs: fetch)));

        Assert.Equal(fetch ? "\"x\"" : null, listed.SerializedInput);
        Assert.Equal(fetch ? "\"x\"" : null, listed.SerializedOutput);
    }

    [Fact]
    public async Task Pages_follow_each_other_by_token_and_a_hint_overrides_the_page_size()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 7).Select(i => engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Waits", new StartOrchestrationOptions(InstanceId: $"i-{i}"))));
        AsyncPageable<OrchestrationMetadata> all = engine.Client.GetAllInstancesAsync(new OrchestrationQuery(PageSize: 3));

        List<Page<OrchestrationMetadata>> pages = await PagesAsync(all.AsPages());
        List<Page<OrchestrationMetadata>> hinted = await PagesAsync(all.AsPages(pageSizeHint: 5));
        List<Page<OrchestrationMetadata>> rest = await PagesAsync(all.AsPages(pages[0].ContinuationToken));

        Assert.Equal([3, 3, 1], pages.Select(page => page.Values.Count));
        Assert.Equal([5, 2], hinted.Select(page => page.Values.Count));
        Assert.Equal([3, 1], rest.Select(page => page.Values.Count));
        Assert.Equal(ids.Order(), pages.SelectMany(page => page.Values).Select(each => each.InstanceId).Order());
        Assert.Null(pages[^1].ContinuationToken);
    }

    [Fact]
    public async Task Ended_instances_are_listed_by_the_time_they_ended_page_by_page()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string[] started = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Waits", new StartOrchestrationOptions(InstanceId: $"w-{i}"))));
        // They end in another order than they were created in.
        foreach (string id in started.Reverse())
        {
            await engine.Client.RaiseEventAsync(id, "go", "x");
            await engine.WaitAsync(id);
        }

        OrchestrationMetadata failed = await engine.RunAsync("Fails");
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");

        var paged = new List<string>();
        string? key = null;
        do
        {
            Page<string> page = await engine.Client.ListInstanceIdsAsync(pageSize: 2, lastInstanceKey: key);
            Assert.InRange(page.Values.Count, 1, 2);
            paged.AddRange(page.Values);
            key = page.ContinuationToken;
        }
        while (key is not null);

        Assert.Equal([.. started.Reverse(), failed.InstanceId], paged);
        Assert.Equal(
            [failed.InstanceId], (await engine.Client.ListInstanceIdsAsync([OrchestrationRuntimeStatus.Failed])).Values);
        Assert.Empty((await engine.Client.ListInstanceIdsAsync(completedTimeTo: failed.CreatedAt.AddMinutes(-1))).Values);
        Assert.Empty((await engine.Client.ListInstanceIdsAsync(completedTimeFrom: failed.LastUpdatedAt.AddMinutes(1))).Values);
        Assert.Equal(6, (await engine.Client.ListInstanceIdsAsync(
            completedTimeFrom: failed.CreatedAt.AddMinutes(-1), completedTimeTo: failed.LastUpdatedAt)).Values.Count);
    }

    [Fact]
    public async Task A_history_tells_what_happened_in_order_and_an_unknown_instance_has_none()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Steps", async context =>
            {
                await context.CallActivityAsync("Nothing");
                await context.CreateTimer(TimeSpan.Zero, CancellationToken.None);
                context.SendEvent("nobody", "e", 1);
                await context.CallSubOrchestratorAsync("Child");
                await context.WaitForExternalEvent<string>("go");
                return "done";
            })
            .AddOrchestratorFunc("Child", _ => "")
            .AddActivityFunc("Nothing", _ => { }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Steps", 1);
        await engine.Client.RaiseEventAsync(id, "go");
        await engine.WaitAsync(id);

        IList<HistoryEvent> history = await engine.Client.GetOrchestrationHistoryAsync(id);

        Assert.Equal(
            [
                EventType.ExecutionStarted, EventType.TaskScheduled, EventType.TaskCompleted, EventType.TimerCreated,
                EventType.TimerFired, EventType.EventSent, EventType.SubOrchestrationInstanceCreated,
                EventType.SubOrchestrationInstanceCompleted, EventType.ExecutionCompleted,
            ],
            history.Select(entry => entry.EventType).Where(type => type is not
                (EventType.OrchestratorStarted or EventType.OrchestratorCompleted or EventType.EventRaised)));
        Assert.Equal([0, 1, 2, 3], history.Where(entry => entry.EventId >= 0).Select(entry => entry.EventId));
        Assert.Single(history.OfType<EventRaisedEvent>());
        await Assert.ThrowsAsync<ArgumentException>(() => engine.Client.GetOrchestrationHistoryAsync("nobody"));
    }

    [Fact]
    public async Task The_last_custom_status_of_a_turn_counts_and_null_clears_it()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Reports", async context =>
        {
            context.SetCustomStatus("first");
            context.SetCustomStatus(new { step = 2 });
            await context.WaitForExternalEvent<string>("go");
            context.SetCustomStatus(null);
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Reports");
        OrchestrationMetadata waiting = await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);

        await engine.Client.RaiseEventAsync(id, "go");

        Assert.Equal("""{"step":2}""", waiting.SerializedCustomStatus);
        Assert.Null((await engine.WaitAsync(id)).SerializedCustomStatus);
    }

    [Fact]
    public async Task Tags_stay_with_the_instance()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        var tags = new Dictionary<string, string> { ["team"] = "shop", ["empty"] = "" };
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Ends", "x", new StartOrchestrationOptions { Tags = tags });

        Assert.Equal(tags, (await engine.WaitAsync(id)).Tags);
        Assert.Equal(tags, Assert.Single(await ListAsync(engine, new OrchestrationQuery())).Tags);
    }

    private static async Task<List<Page<OrchestrationMetadata>>> PagesAsync(IAsyncEnumerable<Page<OrchestrationMetadata>> pages)
    {
        var all = new List<Page<OrchestrationMetadata>>();
        await foreach (Page<OrchestrationMetadata> page in pages)
        {
            all.Add(page);
        }

        return all;
    }
}
