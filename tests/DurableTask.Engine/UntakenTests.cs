using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

public sealed class UntakenInMemory(InMemoryBackend backend) : UntakenTests(backend), IClassFixture<InMemoryBackend>;

public sealed class UntakenOnPostgreSql(PostgreSqlBackend backend) : UntakenTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>Instances that no worker takes to run can be ended all the same.</summary>
public abstract class UntakenTests(IHubBackend backend) : EngineSuite(backend)
{
    private const string Leaves = "Left";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_no_filter_lets_pass_can_be_terminated_replaced_and_purged(bool hasLimits)
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Taken", _ => "done"),
            configureHub: options =>
            {
                if (hasLimits)
                {
                    options.ConcurrencyLimits.Orchestrations["Taken"] = 1;
                }
            },
            worker: builder => builder.UseWorkItemFilters());
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(Leaves, "in");
        string other = await engine.Client.ScheduleNewOrchestrationInstanceAsync(Leaves);

        await engine.Client.TerminateInstanceAsync(id, "over");
        OrchestrationMetadata ended = await engine.WaitAsync(id);

        Assert.Equal((OrchestrationRuntimeStatus.Terminated, "over"), (ended.RuntimeStatus, ended.ReadOutputAs<string>()));
        Assert.Equal(
            [typeof(ExecutionStartedEvent), typeof(ExecutionTerminatedEvent), typeof(ExecutionCompletedEvent)],
            (await HistoryAsync<HistoryEvent>(engine, id))
                .Where(entry => entry is not (OrchestratorStartedEvent or OrchestratorCompletedEvent)).Select(entry => entry.GetType()));
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await engine.Client.GetInstanceAsync(other))!.RuntimeStatus);

        await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Taken", new StartOrchestrationOptions { InstanceId = other, DedupeStatuses = [] });
        Assert.Equal("done", (await engine.WaitAsync(other)).ReadOutputAs<string>());
        Assert.Equal(1, (await engine.Client.PurgeInstanceAsync(id)).PurgedInstanceCount);
    }

    [Fact]
    public async Task What_was_begun_and_is_left_over_is_terminated_with_its_children_and_nobody_elses()
    {
        string store = NewStore();
        string parent;
        await using (EngineHost first = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Parent", async context =>
                {
                    await context.CallSubOrchestratorAsync("Short", new SubOrchestrationOptions { InstanceId = "short" });
                    context.SetCustomStatus("one is done");
                    await context.CallSubOrchestratorAsync("Long", new SubOrchestrationOptions { InstanceId = "long" });
                })
                .AddOrchestratorFunc("Short", _ => "done")
                .AddOrchestratorFunc("Long", context => context.WaitForExternalEvent<string>("never")),
            store: store))
        {
            parent = await first.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
            await UntilAsync(first, "long", child => child.IsRunning);
            await UntilAsync(first, "short", child => child.IsCompleted);
            await first.Client.ScheduleNewOrchestrationInstanceAsync(
                "Long", new StartOrchestrationOptions { InstanceId = "short", DedupeStatuses = [] });
            await UntilAsync(first, "short", stranger => stranger.IsRunning);
        }

        await using EngineHost second = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks.AddOrchestratorFunc("Taken", _ => "done"),
            worker: builder => builder.UseWorkItemFilters());
        await second.Client.TerminateInstanceAsync(parent, new TerminateInstanceOptions("over", Recursive: true));

        OrchestrationMetadata ended = await second.WaitAsync(parent);
        Assert.Equal(
            (OrchestrationRuntimeStatus.Terminated, "one is done"), (ended.RuntimeStatus, ended.ReadCustomStatusAs<string>()));
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await second.WaitAsync("long")).RuntimeStatus);
        Assert.True((await second.Client.GetInstanceAsync("short"))!.IsRunning);
    }

    [Fact]
    public async Task A_version_that_every_worker_rejects_can_be_terminated()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", _ => "done"),
            options => options.Versioning = new()
            {
                Version = "1.0",
                MatchStrategy = DurableTaskWorkerOptions.VersionMatchStrategy.Strict,
                FailureStrategy = DurableTaskWorkerOptions.VersionFailureStrategy.Reject,
            },
            hub => hub.RejectionDelay = TimeSpan.FromMilliseconds(50));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = "2.0" });

        await engine.Client.TerminateInstanceAsync(id, "over");

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task What_an_orchestration_filter_refuses_can_be_terminated()
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Refused", _ => "done"),
#pragma warning disable CS0618 // Obsolete by contract.
            worker: builder => builder.UseOrchestrationFilter(new Filter(_ => false)));
#pragma warning restore CS0618
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Refused");

        await engine.Client.TerminateInstanceAsync(id, "over");

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync(id)).RuntimeStatus);
    }
}
