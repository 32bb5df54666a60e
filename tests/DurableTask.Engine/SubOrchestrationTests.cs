using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class SubOrchestrationsInMemory(InMemoryBackend backend) : SubOrchestrationTests(backend), IClassFixture<InMemoryBackend>;

public sealed class SubOrchestrationsOnPostgreSql(PostgreSqlBackend backend)
    : SubOrchestrationTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class SubOrchestrationTests(IHubBackend backend) : EngineSuite(backend)
{
    [Fact]
    public async Task New_ids_are_version_5_guids_and_a_childs_default_id_is_one_of_them()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", async context =>
            {
                DateTime now = context.CurrentUtcDateTime;
                string first = context.NewGuid().ToString("N");
                Task<string> child = context.CallSubOrchestratorAsync<string>("Child");
                string third = context.NewGuid().ToString("N");
                return new[] { now.ToString("o", CultureInfo.InvariantCulture), first, await child, third };
            })
            .AddOrchestratorFunc("Child", context => context.InstanceId));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        string[] got = (await engine.WaitAsync(id)).ReadOutputAs<string[]>()!;

        Assert.Equal(Enumerable.Range(0, 3).Select(counter => Version5($"{id}_{got[0]}_{counter}")), got[1..]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(513)]
    public async Task A_childs_id_that_no_hub_could_store_is_refused_where_the_code_can_be_told(int length)
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string>("Parent", async context =>
            {
                try
                {
                    await context.CallSubOrchestratorAsync("Child", options: new SubOrchestrationOptions
                    {
                        InstanceId = new string('x', length),
                    });
                    return "called";
                }
                catch (ArgumentException refused)
                {
                    return refused.Message;
                }
            })
            .AddOrchestratorFunc("Child", context => context.InstanceId));

        OrchestrationMetadata ended = await engine.RunAsync("Parent");

        Assert.Contains(
            $"expected 1 to 512 characters and no NUL character, got {length}", ended.ReadOutputAs<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_termination_does_not_reach_whoever_has_the_id_of_a_child_that_was_never_created()
    {
        await using EngineHost engine = await EngineHost.StartAsync(CreateHub(NewStore()), CallsX, before: async client =>
        {
            await client.ScheduleNewOrchestrationInstanceAsync("Stranger", new StartOrchestrationOptions(InstanceId: "x"));
            await client.ScheduleNewOrchestrationInstanceAsync("Parent", new StartOrchestrationOptions(InstanceId: "one"));
            await client.RaiseEventAsync("one", "go");
            await client.TerminateInstanceAsync("one", new TerminateInstanceOptions(Recursive: true));
        });

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync("one")).RuntimeStatus);
        await AssertUnharmedAsync(engine);
    }

    [Fact]
    public async Task A_termination_does_not_reach_whoever_had_the_id_of_a_child_before()
    {
        ITaskHub hub = CreateHub(NewStore());
        // The suspension comes before the refusal of the child, which it holds back: the parent still waits for it.
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(hub, (method, arguments) =>
                method == nameof(ITaskHub.CommitTurnAsync) && arguments[0] is TurnCommit { SubOrchestrations.Count: > 0 } turn
                    ? SuspendFirstAsync(turn)
                    : null),
            CallsX);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Stranger", new StartOrchestrationOptions(InstanceId: "x"));
        await UntilAsync(engine, "x", stranger => stranger.IsRunning);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent", new StartOrchestrationOptions(InstanceId: "one"));
        await engine.Client.RaiseEventAsync("one", "go");
        await UntilAsync(engine, "one", parent => parent.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);

        await engine.Client.TerminateInstanceAsync("one", new TerminateInstanceOptions(Recursive: true));

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync("one")).RuntimeStatus);
        await AssertUnharmedAsync(engine);

        async Task<TurnReceipt> SuspendFirstAsync(TurnCommit turn)
        {
            await hub.SendMessageAsync("one", new ExecutionSuspendedEvent(-1, "just in time"));
            return await hub.CommitTurnAsync(turn);
        }
    }

    private static void CallsX(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("Stranger", context => context.WaitForExternalEvent<string>("end"))
        .AddOrchestratorFunc("Parent", async context =>
        {
            await context.WaitForExternalEvent<string>("go");
            await context.CallSubOrchestratorAsync("Stranger", new SubOrchestrationOptions { InstanceId = "x" });
        });

    /// <summary>A termination would have come before the event.</summary>
    private static async Task AssertUnharmedAsync(EngineHost engine)
    {
        await engine.Client.RaiseEventAsync("x", "end", "unharmed");
        Assert.Equal("unharmed", (await engine.WaitAsync("x")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_child_has_the_given_id_and_its_parents_tags_with_its_own_winning()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child",
                options: new TaskOptions(tags: new Dictionary<string, string> { ["own"] = "child", ["both"] = "child" })
                    .WithInstanceId("the-child")))
            .AddOrchestratorFunc("Child", context => context.InstanceId));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent", new StartOrchestrationOptions
        {
            Tags = new Dictionary<string, string> { ["inherited"] = "parent", ["both"] = "parent" },
        });

        Assert.Equal("the-child", (await engine.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Equal(
            new Dictionary<string, string> { ["inherited"] = "parent", ["own"] = "child", ["both"] = "child" },
            (await engine.Client.GetInstanceAsync("the-child"))!.Tags);
        Assert.Equal(
            new Dictionary<string, string> { ["inherited"] = "parent", ["both"] = "parent" },
            (await engine.Client.GetInstanceAsync(id))!.Tags);
    }

    [Fact]
    public async Task A_child_knows_its_parent_and_a_top_level_orchestration_has_none()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", async context =>
                new[] { context.Parent?.ToString(), await context.CallSubOrchestratorAsync<string>("Child") })
            .AddOrchestratorFunc("Child", context => $"{context.Parent!.Name.Name}/{context.Parent.InstanceId}"));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");

        Assert.Equal($"""[null,"Parent/{id}"]""", (await engine.WaitAsync(id)).SerializedOutput);
    }

    [Fact]
    public async Task An_id_that_a_running_instance_has_fails_the_call()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child", options: new SubOrchestrationOptions(instanceId: "taken")))
            .AddOrchestratorFunc("Child", context => context.WaitForExternalEvent<string>("go")));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Child", new StartOrchestrationOptions(InstanceId: "taken"));

        OrchestrationMetadata refused = await engine.RunAsync("Parent");

        Assert.Equal(
            "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException", refused.FailureDetails!.InnerFailure!.ErrorType);
        await engine.Client.RaiseEventAsync("taken", "go", "undisturbed");
        Assert.Equal("undisturbed", (await engine.WaitAsync("taken")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task The_attempts_of_one_call_share_the_childs_id()
    {
        int runs = 0;
        var ids = new HashSet<string>(StringComparer.Ordinal);
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child", TaskOptions.FromRetryPolicy(new RetryPolicy(5, TimeSpan.FromMilliseconds(1)))))
            .AddOrchestratorFunc("Child", context =>
            {
                ids.Add(context.InstanceId);
                return Interlocked.Increment(ref runs) < 3 ? throw new IOException("not yet") : "done";
            }));

        Assert.Equal("done", (await engine.RunAsync("Parent")).ReadOutputAs<string>());
        Assert.Equal((3, 1), (runs, ids.Count));
    }

    [Fact]
    public async Task A_terminated_child_fails_its_call()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child", options: new SubOrchestrationOptions(instanceId: "child")))
            .AddOrchestratorFunc("Child", context => context.WaitForExternalEvent<string>("never")));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        await engine.Client.WaitForInstanceStartAsync("child");

        await engine.Client.TerminateInstanceAsync("child");

        OrchestrationMetadata parent = await engine.WaitAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, parent.RuntimeStatus);
        Assert.Contains("Terminated", parent.FailureDetails!.InnerFailure!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_childs_own_failure_is_the_cause_of_its_callers()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync("Child"))
            .AddOrchestratorFunc("Child", context => context.CallActivityAsync("Fails"))
            .AddActivityFunc("Fails", _ => throw new TimeoutException("at the bottom")));

        TaskFailureDetails failure = (await engine.RunAsync("Parent")).FailureDetails!;

        Assert.Equal(
            ["Microsoft.DurableTask.TaskFailedException", "Microsoft.DurableTask.TaskFailedException", "System.TimeoutException"],
            [failure.ErrorType, failure.InnerFailure!.ErrorType, failure.InnerFailure.InnerFailure!.ErrorType]);
        Assert.Equal("at the bottom", failure.InnerFailure.InnerFailure.ErrorMessage);
    }

    [Fact]
    public async Task A_caller_does_not_end_while_a_child_runs()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context =>
            {
                _ = context.CallSubOrchestratorAsync("Child", options: new SubOrchestrationOptions(instanceId: "child"));
                return "done";
            })
            .AddOrchestratorFunc("Child", context => context.WaitForExternalEvent<string>("go")));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        await engine.Client.WaitForInstanceStartAsync("child");

        Assert.True((await engine.Client.GetInstanceAsync(id))!.IsRunning);
        await engine.Client.RaiseEventAsync("child", "go");

        Assert.Equal("done", (await engine.WaitAsync(id)).ReadOutputAs<string>());
        Assert.Single(await HistoryAsync<SubOrchestrationInstanceCompletedEvent>(engine, id));
    }

    /// <summary>RFC 4122, section 4.3, with the contract's namespace: written a second time, from the RFC.</summary>
    private static string Version5(string name)
    {
        byte[] space = Convert.FromHexString("9e9529585e334daf827f2fa12937b875");
#pragma warning disable CA5350
        byte[] hash = SHA1.HashData([.. space, .. Encoding.UTF8.GetBytes(name)]);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return Convert.ToHexStringLower(hash.AsSpan(0, 16));
    }
}
