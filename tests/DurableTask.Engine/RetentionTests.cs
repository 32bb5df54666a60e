using DurableTask.Core;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

public sealed class RetentionInMemory(InMemoryBackend backend) : RetentionTests(backend), IClassFixture<InMemoryBackend>;

public sealed class RetentionOnPostgreSql(PostgreSqlBackend backend) : RetentionTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>A worker removes what ended long ago, without being asked.</summary>
public abstract class RetentionTests(IHubBackend backend) : EngineSuite(backend)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);

    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc<string, string>("Does", async (context, what) => what switch
        {
            "Fails" => throw new IOException("wanted"),
            "Waits" => await context.WaitForExternalEvent<string>("go"),
            _ => what!,
        });

    [Fact]
    public async Task A_worker_removes_what_ended_too_long_ago_and_nothing_else()
    {
        await using EngineHost engine = await StartAsync(Tasks, configureHub: options =>
        {
            options.Retention.Interval = Often;
            options.Retention.Completed = TimeSpan.Zero;
            options.Retention.Failed = null;
        });
        string running = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Waits");
        string failed = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Fails");
        await UntilAsync(engine, failed, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Failed);
        await UntilAsync(engine, running, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Running);

        // The second of them goes in a later round than the first: what is there then has outlived a whole round.
        for (int round = 0; round < 2; round++)
        {
            await UntilGoneAsync(engine, await engine.Client.ScheduleNewOrchestrationInstanceAsync("Does", "Ends"));
        }

        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.Client.GetInstanceAsync(failed))!.RuntimeStatus);
        await engine.Client.RaiseEventAsync(running, "go", "on");
        await UntilGoneAsync(engine, running);
    }

    [Fact]
    public async Task By_default_failures_are_kept_for_ninety_days_and_other_ends_for_thirty()
    {
        var asked = new TaskCompletionSource<IReadOnlyDictionary<OrchestrationStatus, TimeSpan>>();
        ITaskHub hub = HubProxy.Around(CreateHub(NewStore()), (method, arguments) =>
        {
            if (method == nameof(ITaskHub.PurgeExpiredAsync))
            {
                asked.TrySetResult((IReadOnlyDictionary<OrchestrationStatus, TimeSpan>)arguments[0]!);
            }

            return null;
        });
        await using EngineHost engine = await EngineHost.StartAsync(
            hub, Tasks, configureHub: options => options.Retention.Interval = Often);

        Assert.Equal(
            new Dictionary<OrchestrationStatus, TimeSpan>
            {
                [OrchestrationStatus.Completed] = TimeSpan.FromDays(30),
                [OrchestrationStatus.Failed] = TimeSpan.FromDays(90),
                [OrchestrationStatus.Terminated] = TimeSpan.FromDays(30),
            },
            await asked.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(TimeSpan.FromMinutes(1), new TaskHubWorkerOptions().Retention.Interval);
    }

    private static async Task UntilGoneAsync(EngineHost engine, string id)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await engine.Client.GetInstanceAsync(id, limit.Token) is not null)
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
