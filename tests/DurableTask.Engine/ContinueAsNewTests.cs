using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class ContinueAsNewInMemory(InMemoryBackend backend) : ContinueAsNewTests(backend), IClassFixture<InMemoryBackend>;

public sealed class ContinueAsNewOnPostgreSql(PostgreSqlBackend backend)
    : ContinueAsNewTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class ContinueAsNewTests(IHubBackend backend) : EngineSuite(backend)
{
    [Fact]
    public async Task Each_execution_has_an_id_of_32_hex_digits_and_a_history_of_its_own()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, int>("Twice", async (context, turn) =>
            {
                await context.CallActivityAsync("Nothing");
                await context.WaitForExternalEvent<string>($"go{turn}");
                if (turn == 0)
                {
                    context.ContinueAsNew(1);
                }

                return turn;
            })
            .AddActivityFunc("Nothing", _ => { }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Twice", 0);
        await UntilAsync(engine, id, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Running);
        string first = (await HistoryAsync<ExecutionStartedEvent>(engine, id)).Single().OrchestrationInstance.ExecutionId;

        await engine.Client.RaiseEventAsync(id, "go0");
        await engine.Client.RaiseEventAsync(id, "go1");
        await engine.WaitAsync(id);

        ExecutionStartedEvent second = (await HistoryAsync<ExecutionStartedEvent>(engine, id)).Single();
        Assert.All([first, second.OrchestrationInstance.ExecutionId], execution => Assert.Matches("^[0-9a-f]{32}$", execution));
        Assert.NotEqual(first, second.OrchestrationInstance.ExecutionId);
        Assert.Equal("1", second.Input);
        Assert.Equal(0, Assert.Single(await HistoryAsync<TaskScheduledEvent>(engine, id)).EventId);
        Assert.Equal("go1", Assert.Single(await HistoryAsync<EventRaisedEvent>(engine, id)).Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_that_nobody_took_go_on_to_the_next_execution_in_order(bool withTimers)
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<List<int>, List<int>>("Collects", async (context, seen) =>
            {
                seen ??= [];
                if (withTimers)
                {
                    await context.CreateTimer(TimeSpan.FromMilliseconds(20), CancellationToken.None);
                }

                seen.Add(await context.WaitForExternalEvent<int>("number"));
                if (seen.Count < 10)
                {
                    context.ContinueAsNew(seen);
                }

                return seen;
            }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Collects");

        for (int i = 0; i < 10; i++)
        {
            await engine.Client.RaiseEventAsync(id, "number", i);
        }

        Assert.Equal(Enumerable.Range(0, 10), (await engine.WaitAsync(id)).ReadOutputAs<List<int>>()!);
    }

    [Fact]
    public async Task Without_preservation_only_what_came_before_the_call_is_dropped()
    {
        await using EngineHost engine = await StartAfterAsync(
            tasks => tasks.AddOrchestratorFunc<int, string>("Drops", async (context, turn) =>
            {
                if (turn == 1)
                {
                    return await context.WaitForExternalEvent<string>("e");
                }

                await context.WaitForExternalEvent<string>("go");
                context.ContinueAsNew(1, preserveUnprocessedEvents: false);
                return "";
            }),
            "Drops",
            0,
            async client =>
            {
                await client.RaiseEventAsync("one", "e", "before");
                await client.RaiseEventAsync("one", "go");
                await client.RaiseEventAsync("one", "e", "after");
            });

        Assert.Equal("after", (await engine.WaitAsync("one")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Custom_status_tags_and_parent_are_kept()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child", 0, new SubOrchestrationOptions(new TaskOptions(tags: new Dictionary<string, string> { ["k"] = "v" }), "child")))
            .AddOrchestratorFunc<int, string>("Child", async (context, turn) =>
            {
                if (turn == 0)
                {
                    context.SetCustomStatus("set in the first execution");
                    context.ContinueAsNew(1);
                    return "";
                }

                await context.CreateTimer(TimeSpan.Zero, CancellationToken.None);
                return $"{context.Parent!.Name.Name} {context.Parent.InstanceId}";
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");

        Assert.Equal($"Parent {id}", (await engine.WaitAsync(id)).ReadOutputAs<string>());
        OrchestrationMetadata child = (await engine.Client.GetInstanceAsync("child", getInputsAndOutputs: true))!;
        Assert.Equal("set in the first execution", child.ReadCustomStatusAs<string>());
        Assert.Equal("v", child.Tags["k"]);
    }

    [Fact]
    public async Task The_next_execution_may_be_of_another_version()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, string>("Upgrades", (context, turn) =>
            {
                if (turn < 2)
                {
                    context.ContinueAsNew(new ContinueAsNewOptions { NewInput = turn + 1, NewVersion = turn == 0 ? "2.0" : null });
                }

                return $"{turn}: {context.Version}";
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Upgrades", 0, new StartOrchestrationOptions { Version = "1.0" });

        Assert.Equal("2: 2.0", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_failure_after_the_call_fails_the_instance_and_nothing_starts_over()
    {
        int runs = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Fails", context =>
        {
            runs++;
            context.ContinueAsNew();
            throw new InvalidOperationException("after all");
        }));

        OrchestrationMetadata done = await engine.RunAsync("Fails");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal("after all", done.FailureDetails!.ErrorMessage);
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task An_input_that_cannot_be_serialised_fails_the_instance_with_the_reason()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Fails", context =>
        {
            context.ContinueAsNew(new Action(() => { }));
            return "";
        }));

        OrchestrationMetadata done = await engine.RunAsync("Fails");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal("System.NotSupportedException", done.FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task It_waits_for_open_activities_first()
    {
        int executed = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, int>("Eager", (context, turn) =>
            {
                if (turn == 0)
                {
                    _ = context.CallActivityAsync("Counts");
                    context.ContinueAsNew(1);
                }

                return turn;
            })
            .AddActivityFunc("Counts", _ => Interlocked.Increment(ref executed)));

        Assert.Equal(1, (await engine.RunAsync("Eager", 0)).ReadOutputAs<int>());
        Assert.Equal(1, executed);
    }
}
