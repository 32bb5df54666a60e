using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class LifecycleInMemory(InMemoryBackend backend) : LifecycleTests(backend), IClassFixture<InMemoryBackend>;

public sealed class LifecycleOnPostgreSql(PostgreSqlBackend backend) : LifecycleTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>Suspend, resume, terminate, purge and restart.</summary>
public abstract class LifecycleTests(IHubBackend backend) : EngineSuite(backend)
{
    private static void Waits(DurableTaskRegistry tasks) =>
        tasks.AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go"));

    /// <summary>A tree of the given depth, whose instances are named by it and all wait.</summary>
    private static void Tree(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc<int, string>("Tree", async (context, depth) =>
    {
        if (depth > 0)
        {
            await context.CallSubOrchestratorAsync<string>(
                "Tree", depth - 1, new SubOrchestrationOptions(instanceId: $"{context.InstanceId}-{depth - 1}"));
        }

        return await context.WaitForExternalEvent<string>("go");
    });

    [Fact]
    public async Task Nothing_starts_while_an_instance_is_suspended()
    {
        int started = 0;

        // One turn sees the event, after which the code wants the activity, and then the suspension.
        await using EngineHost engine = await StartAfterAsync(
            tasks => tasks
                .AddOrchestratorFunc("Steps", async context =>
                {
                    await context.WaitForExternalEvent<string>("go");
                    await context.CallActivityAsync("Starts");
                    return "done";
                })
                .AddActivityFunc("Starts", _ => Interlocked.Increment(ref started)),
            "Steps",
            null,
            async client =>
            {
                await client.RaiseEventAsync("one", "go");
                await client.SuspendInstanceAsync("one", "maintenance");
            });
        await UntilAsync(engine, "one", state => state.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        Assert.Equal(0, started);

        await engine.Client.ResumeInstanceAsync("one", "over");

        Assert.Equal("done", (await engine.WaitAsync("one")).ReadOutputAs<string>());
        Assert.Equal(1, started);
    }

    [Fact]
    public async Task A_running_activity_finishes_and_its_outcome_waits_for_the_resumption()
    {
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Slow"))
            .AddActivityFunc("Slow", async _ =>
            {
                started.SetResult();
                await release.Task;
                return "result";
            }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await started.Task;

        await engine.Client.SuspendInstanceAsync(id);
        await UntilAsync(engine, id, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        release.SetResult();

        // The turn that took the outcome: it is stored with what it made of the instance.
        await UntilInHistoryAsync<TaskCompletedEvent>(engine, id);
        Assert.Equal(OrchestrationRuntimeStatus.Suspended, (await engine.Client.GetInstanceAsync(id))!.RuntimeStatus);
        await engine.Client.ResumeInstanceAsync(id);

        Assert.Equal("result", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Suspending_and_resuming_what_cannot_be_is_no_error()
    {
        await using EngineHost engine = await StartAsync(tasks =>
        {
            Waits(tasks);
            tasks.AddOrchestratorFunc("Ends", _ => "ended");
        });
        string ended = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Ends");
        await engine.WaitAsync(ended);
        string waits = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");

        foreach (string id in new[] { ended, "nobody" })
        {
            await engine.Client.SuspendInstanceAsync(id);
            await engine.Client.ResumeInstanceAsync(id);
            await engine.Client.TerminateInstanceAsync(id);
        }

        await engine.Client.ResumeInstanceAsync(waits, "was never suspended");
        await engine.Client.RaiseEventAsync(waits, "go", "on");
        Assert.Equal("on", (await engine.WaitAsync(waits)).ReadOutputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.Client.GetInstanceAsync(ended))!.RuntimeStatus);
    }

    [Fact]
    public async Task A_suspended_instance_can_be_terminated()
    {
        await using EngineHost engine = await StartAsync(Waits);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.SuspendInstanceAsync(id);
        await UntilAsync(engine, id, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);

        await engine.Client.TerminateInstanceAsync(id, new { why = "enough" });

        OrchestrationMetadata done = await engine.WaitAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, done.RuntimeStatus);
        Assert.Equal("""{"why":"enough"}""", done.SerializedOutput);
    }

    [Fact]
    public async Task The_result_of_an_activity_that_outlives_its_terminated_caller_is_dropped()
    {
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        string store = NewStore();
        EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Slow"))
                .AddActivityFunc("Slow", async _ =>
                {
                    started.SetResult();
                    await release.Task;
                    return "too late";
                }),
            store: store);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await started.Task;

        await engine.Client.TerminateInstanceAsync(id, "stopped");
        await engine.WaitAsync(id);
        release.SetResult();

        // A stop waits for what runs, and for what becomes of it.
        await engine.DisposeAsync();
        await using EngineHost second = await StartAsync(_ => { }, store: store);
        Assert.DoesNotContain(await second.Client.GetOrchestrationHistoryAsync(id), entry => entry is TaskCompletedEvent);
        OrchestrationMetadata done = await second.WaitAsync(id);
        Assert.Equal((OrchestrationRuntimeStatus.Terminated, "stopped"), (done.RuntimeStatus, done.ReadOutputAs<string>()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_a_recursive_termination_reaches_children_and_theirs(bool recursive)
    {
        await using EngineHost engine = await StartAsync(Tree);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Tree", 2, new StartOrchestrationOptions(InstanceId: "t"));
        await engine.Client.WaitForInstanceStartAsync("t");
        await engine.Client.WaitForInstanceStartAsync("t-1");
        await engine.Client.WaitForInstanceStartAsync("t-1-0");

        await engine.Client.TerminateInstanceAsync("t", new TerminateInstanceOptions("stop", recursive));

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync("t")).RuntimeStatus);
        foreach (string child in new[] { "t-1", "t-1-0" })
        {
            if (recursive)
            {
                OrchestrationMetadata ended = await engine.WaitAsync(child);
                Assert.Equal((OrchestrationRuntimeStatus.Terminated, "stop"), (ended.RuntimeStatus, ended.ReadOutputAs<string>()));
            }
        }

        // What comes after the parent's end finds them alive: a termination would have been there first.
        foreach (string child in recursive ? [] : new[] { "t-1-0", "t-1" })
        {
            await engine.Client.RaiseEventAsync(child, "go", "still here");
            OrchestrationMetadata ended = await engine.WaitAsync(child);
            Assert.Equal(
                (OrchestrationRuntimeStatus.Completed, "still here"), (ended.RuntimeStatus, ended.ReadOutputAs<string>()));
        }
    }

    [Fact]
    public async Task Only_an_ended_instance_can_be_purged()
    {
        await using EngineHost engine = await StartAsync(Waits);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(id);

        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Client.PurgeInstanceAsync(id));
        Assert.Equal(0, (await engine.Client.PurgeInstanceAsync("nobody")).PurgedInstanceCount);
        await engine.Client.RaiseEventAsync(id, "go", "x");
        await engine.WaitAsync(id);

        Assert.Equal(1, (await engine.Client.PurgeInstanceAsync(id)).PurgedInstanceCount);
        Assert.Null(await engine.Client.GetInstanceAsync(id));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.Client.GetOrchestrationHistoryAsync(id));
        Assert.Equal(0, (await engine.Client.PurgeInstanceAsync(id)).PurgedInstanceCount);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    public async Task A_recursive_purge_takes_children_and_theirs(bool recursive, int purged)
    {
        await using EngineHost engine = await StartAsync(Tree);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Tree", 2, new StartOrchestrationOptions(InstanceId: "t"));
        foreach (string each in new[] { "t-1-0", "t-1", "t" })
        {
            await UntilAsync(engine, each, _ => true);
            await engine.Client.RaiseEventAsync(each, "go", "x");
        }

        await engine.WaitAsync("t");

        PurgeResult result = await engine.Client.PurgeInstanceAsync("t", new PurgeInstanceOptions(recursive));

        Assert.Equal(purged, result.PurgedInstanceCount);
        Assert.Equal(recursive, await engine.Client.GetInstanceAsync("t-1-0") is null);
    }

    [Fact]
    public async Task A_purge_by_filter_takes_ended_instances_that_match_and_stops_at_its_timeout()
    {
        await using EngineHost engine = await StartAsync(tasks =>
        {
            Waits(tasks);
            tasks.AddOrchestratorFunc<bool, string>("Ends", (_, fails) => fails ? throw new IOException("wanted") : "ended");
        });
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMinutes(-1);
        string running = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string failed = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Ends", true);
        string[] ended = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ =>
            engine.Client.ScheduleNewOrchestrationInstanceAsync("Ends", false)));
        await Task.WhenAll(ended.Append(failed).Select(engine.WaitAsync));
        var filter = new PurgeInstancesFilter(before, null, [OrchestrationRuntimeStatus.Completed]);

        PurgeResult nothing = await engine.Client.PurgeAllInstancesAsync(filter with { CreatedTo = before });
        PurgeResult part = await engine.Client.PurgeAllInstancesAsync(filter with { Timeout = TimeSpan.Zero });
        PurgeResult rest = await engine.Client.PurgeAllInstancesAsync(filter);

        Assert.Equal((0, true), (nothing.PurgedInstanceCount, nothing.IsComplete));
        Assert.Equal(false, part.IsComplete);
        Assert.InRange(part.PurgedInstanceCount, 1, 119);
        Assert.Equal((120 - part.PurgedInstanceCount, true), (rest.PurgedInstanceCount, rest.IsComplete));
        Assert.NotNull(await engine.Client.GetInstanceAsync(failed));
        Assert.NotNull(await engine.Client.GetInstanceAsync(running));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_runs_again_with_the_same_input_version_and_tags(bool withNewId)
    {
        int runs = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Ends", (context, input) => $"{input} {context.Version} {++runs}"));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Ends", "input", new StartOrchestrationOptions
        {
            Version = "1.0",
            Tags = new Dictionary<string, string> { ["k"] = "v" },
        });
        await engine.WaitAsync(id);

        string restarted = await engine.Client.RestartAsync(id, withNewId);
        OrchestrationMetadata again = await UntilAsync(engine, restarted, state => state.ReadOutputAs<string>() == "input 1.0 2");

        Assert.Equal(withNewId, restarted != id);
        Assert.Equal("v", again.Tags["k"]);
    }

    [Fact]
    public async Task A_running_instance_restarts_only_under_a_new_id_and_an_unknown_one_not_at_all()
    {
        await using EngineHost engine = await StartAsync(Waits);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(id);

        await Assert.ThrowsAsync<ArgumentException>(() => engine.Client.RestartAsync("nobody"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Client.RestartAsync(id));
        string copy = await engine.Client.RestartAsync(id, restartWithNewInstanceId: true);

        await engine.Client.RaiseEventAsync(copy, "go", "copy");
        Assert.Equal("copy", (await engine.WaitAsync(copy)).ReadOutputAs<string>());
        Assert.True((await engine.Client.GetInstanceAsync(id))!.IsRunning);
    }

    private static async Task UntilInHistoryAsync<T>(EngineHost engine, string id)
        where T : HistoryEvent
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!(await engine.Client.GetOrchestrationHistoryAsync(id, limit.Token)).OfType<T>().Any())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
