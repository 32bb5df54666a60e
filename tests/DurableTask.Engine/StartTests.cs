using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

public sealed class StartsInMemory(InMemoryBackend backend) : StartTests(backend), IClassFixture<InMemoryBackend>;

public sealed class StartsOnPostgreSql(PostgreSqlBackend backend) : StartTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>Ids and their reuse, scheduled starts, waiting for starts and ends.</summary>
public abstract class StartTests(IHubBackend backend) : EngineSuite(backend)
{
    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc<string, string>("Does", async (context, what) => what switch
        {
            "Completed" => what,
            "Failed" => throw new IOException("wanted"),
            _ => await context.WaitForExternalEvent<string>("go"),
        });

    private static Task<string> StartAgainAsync(EngineHost engine, params string[] dedupe) =>
        engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Does", "Completed", new StartOrchestrationOptions(InstanceId: "one") { DedupeStatuses = dedupe });

    /// <summary>Brings the instance "one" into a status.</summary>
    private static async Task<EngineHost> HavingAsync(EngineHost engine, OrchestrationRuntimeStatus status)
    {
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", status.ToString(), new StartOrchestrationOptions(
            InstanceId: "one",
            StartAt: status == OrchestrationRuntimeStatus.Pending ? DateTimeOffset.UtcNow.AddHours(1) : null));
        if (status == OrchestrationRuntimeStatus.Terminated)
        {
            await engine.Client.TerminateInstanceAsync("one");
        }
        else if (status == OrchestrationRuntimeStatus.Suspended)
        {
            await engine.Client.SuspendInstanceAsync("one");
        }

        await UntilAsync(engine, "one", state => state.RuntimeStatus == status);
        return engine;
    }

    public static TheoryData<string, Func<DurableTaskClient, Task>> TextsWithNul => new()
    {
        { "orchestrator name", client => client.ScheduleNewOrchestrationInstanceAsync("Do\0es") },
        { "instance id", client => client.ScheduleNewOrchestrationInstanceAsync("Does", null, new StartOrchestrationOptions("o\0ne")) },
        { "version", client => client.ScheduleNewOrchestrationInstanceAsync(
            "Does", null, new StartOrchestrationOptions("one") { Version = "1\0" }) },
        { "tag's name", client => client.ScheduleNewOrchestrationInstanceAsync("Does", null, Tagged("te\0am", "shop")) },
        { "tag 'team'", client => client.ScheduleNewOrchestrationInstanceAsync("Does", null, Tagged("team", "sh\0op")) },
        { "event name", client => client.RaiseEventAsync("one", "g\0o") },
        { "instance id", client => client.RaiseEventAsync("o\0ne", "go") },
        { "instance id", client => client.GetInstanceAsync("o\0ne") },
        { "instance id", client => client.WaitForInstanceCompletionAsync("o\0ne") },
        { "instance id", client => client.TerminateInstanceAsync("o\0ne") },
        { "instance id", client => client.SuspendInstanceAsync("o\0ne") },
        { "instance id", client => client.PurgeInstanceAsync("o\0ne") },
        { "instance id", client => client.RestartAsync("o\0ne") },
        { "instance id", client => client.RewindInstanceAsync("o\0ne", "why") },
        { "instance id", client => client.GetOrchestrationHistoryAsync("o\0ne") },
        { "id prefix", client => client.GetAllInstancesAsync(new() { InstanceIdPrefix = "o\0" })
            .GetAsyncEnumerator().MoveNextAsync().AsTask() },
        { "orchestrator name", client => client.GetAllInstancesAsync(new OrchestrationFilter { Name = "Do\0es" })
            .GetAsyncEnumerator().MoveNextAsync().AsTask() },
        { "tag 'team'", client => client.GetAllInstancesAsync(
            new OrchestrationFilter { Tags = new Dictionary<string, string> { ["team"] = "sh\0op" } })
            .GetAsyncEnumerator().MoveNextAsync().AsTask() },
        { "operation name", client => client.Entities.SignalEntityAsync(new("counter", "one"), "a\0dd") },
        { "Entity id", client => client.Entities.SignalEntityAsync(new("counter", "o\0ne"), "add") },
        { "id prefix", client => client.Entities.GetAllEntitiesAsync(new() { InstanceIdStartsWith = "@counter@\0" })
            .GetAsyncEnumerator().MoveNextAsync().AsTask() },
    };

    private static StartOrchestrationOptions Tagged(string tag, string value) =>
        new("one") { Tags = new Dictionary<string, string> { [tag] = value } };

    [Theory]
    [MemberData(nameof(TextsWithNul))]
    public async Task A_text_with_a_NUL_character_is_refused_before_anything_is_stored(string what, Func<DurableTaskClient, Task> act)
    {
        await using EngineHost engine = await StartAsync(
            Tasks, services: all => all.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true));

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => act(engine.Client));

        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains("%00", refused.Message, StringComparison.Ordinal);
        Assert.Null(await engine.Client.GetInstanceAsync("one"));
    }

    public static TheoryData<OrchestrationRuntimeStatus> Statuses =>
    [
        OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated,
        OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended,
    ];

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task By_default_only_an_ended_instance_gives_its_id_away(OrchestrationRuntimeStatus status)
    {
        await using EngineHost engine = await HavingAsync(await StartAsync(Tasks), status);
        Task<string> Start() => engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Does", "Completed", new StartOrchestrationOptions(InstanceId: "one"));

        if (status is OrchestrationRuntimeStatus.Pending or OrchestrationRuntimeStatus.Running or OrchestrationRuntimeStatus.Suspended)
        {
            await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(Start);
            Assert.Equal(status, (await engine.Client.GetInstanceAsync("one"))!.RuntimeStatus);
        }
        else
        {
            await Start();
            Assert.Equal("Completed", (await engine.WaitAsync("one")).ReadOutputAs<string>());
        }
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task A_status_in_the_set_keeps_its_id_whatever_its_case(OrchestrationRuntimeStatus status)
    {
        await using EngineHost engine = await HavingAsync(await StartAsync(Tasks), status);
        string[] set = status == OrchestrationRuntimeStatus.Terminated
            ? ["terminated", "pending", "running", "suspended"]
            : [status.ToString().ToUpperInvariant()];

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => StartAgainAsync(engine, set));

        Assert.Equal(status, (await engine.Client.GetInstanceAsync("one"))!.RuntimeStatus);
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task An_empty_set_lets_every_instance_be_replaced_and_ends_it_first_where_it_runs(OrchestrationRuntimeStatus status)
    {
        await using EngineHost engine = await HavingAsync(await StartAsync(Tasks), status);

        await StartAgainAsync(engine);

        OrchestrationMetadata replaced = await UntilAsync(
            engine, "one", state => state.RuntimeStatus == OrchestrationRuntimeStatus.Completed);
        Assert.Equal("Completed", replaced.ReadOutputAs<string>());
        Assert.Equal("Completed", replaced.ReadInputAs<string>());
    }

    [Fact]
    public async Task A_set_that_contradicts_itself_or_names_no_status_is_refused()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        await Assert.ThrowsAsync<ArgumentException>(() => StartAgainAsync(engine, "Terminated"));
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgainAsync(engine, "Finished"));
        Assert.Null(await engine.Client.GetInstanceAsync("one"));
    }

    [Fact]
    public async Task A_default_id_is_a_guid_of_32_digits()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Matches("^[0-9a-f]{32}$", await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Completed"));
    }

    [Fact]
    public async Task A_scheduled_start_is_pending_until_its_time()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Tells", context => context.CurrentUtcDateTime));
        DateTimeOffset due = DateTimeOffset.UtcNow.AddMilliseconds(900);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Tells", new StartOrchestrationOptions(StartAt: due));

        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await engine.Client.GetInstanceAsync(id))!.RuntimeStatus);
        Assert.InRange((await engine.WaitAsync(id)).ReadOutputAs<DateTime>(), due.UtcDateTime, DateTime.MaxValue);
    }

    [Fact]
    public async Task A_start_in_the_past_is_a_start_now()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Does", "Completed", new StartOrchestrationOptions(StartAt: DateTimeOffset.UtcNow.AddYears(-1)));

        Assert.Equal("Completed", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Waiting_for_the_start_ends_when_an_instance_is_no_longer_pending()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Does", "Waits", new StartOrchestrationOptions(StartAt: DateTimeOffset.UtcNow.AddMilliseconds(300)));

        OrchestrationMetadata started = await engine.Client.WaitForInstanceStartAsync(id, getInputsAndOutputs: true);

        Assert.Equal((OrchestrationRuntimeStatus.Running, "Waits"), (started.RuntimeStatus, started.ReadInputAs<string>()));
        Assert.Equal(id, (await engine.Client.WaitForInstanceStartAsync(id)).InstanceId);
    }

    [Fact]
    public async Task A_wait_ends_with_its_token()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Waits");
        using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => engine.Client.WaitForInstanceCompletionAsync(id, impatience.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => engine.Client.WaitForInstanceStartAsync("nobody", impatience.Token));
    }

    [Fact]
    public async Task An_unknown_instance_is_null_and_payloads_that_were_not_fetched_cannot_be_read()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Completed");
        await engine.WaitAsync(id);

        Assert.Null(await engine.Client.GetInstanceAsync("nobody"));
        OrchestrationMetadata without = (await engine.Client.GetInstanceAsync(id))!;
        Assert.Null(without.SerializedOutput);
        Assert.Throws<InvalidOperationException>(() => without.ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_client_that_blocks_its_thread_after_a_wait_keeps_nobody_from_going_on()
    {
        using var letGo = new ManualResetEventSlim();
        using var blocks = new SemaphoreSlim(0);
        Task client;
        await using (EngineHost engine = await StartAsync(Tasks))
        {
            client = Task.Run(() => WaitAndBlockAsync(engine));
            await blocks.WaitAsync().WaitAsync(TimeSpan.FromSeconds(30));

            string second = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Completed");
            OrchestrationMetadata ended =
                await engine.Client.WaitForInstanceCompletionAsync(second).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
            Assert.False(client.IsCompleted);
        }

        // The worker has stopped: nothing of it ran on the client's thread.
        Assert.False(client.IsCompleted);
        letGo.Set();
        await client;

        async Task WaitAndBlockAsync(EngineHost engine)
        {
            string first = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Completed");
            await engine.Client.WaitForInstanceCompletionAsync(first);
            blocks.Release();
            letGo.Wait(TimeSpan.FromSeconds(60));
        }
    }
}
