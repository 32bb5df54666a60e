using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class RewindInMemory(InMemoryBackend backend) : RewindTests(backend), IClassFixture<InMemoryBackend>;

public sealed class RewindOnPostgreSql(PostgreSqlBackend backend) : RewindTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class RewindTests(IHubBackend backend) : EngineSuite(backend)
{
    private static readonly RetryPolicy Twice = new(2, TimeSpan.FromMilliseconds(1));
    private readonly Dictionary<string, int> _runs = new(StringComparer.Ordinal);
    private volatile bool _repaired;

    /// <summary>Counts its runs by input; fails while nothing is repaired when the input begins with "bad".</summary>
    private string Work(string input)
    {
        lock (_runs)
        {
            _runs[input] = _runs.GetValueOrDefault(input) + 1;
        }

        return input.StartsWith("bad", StringComparison.Ordinal) && !_repaired ? throw new IOException($"{input} is broken") : input;
    }

    private int Runs(string input)
    {
        lock (_runs)
        {
            return _runs.GetValueOrDefault(input);
        }
    }

    private void Tasks(DurableTaskRegistry tasks) => tasks
        .AddActivityFunc<string, string>("Work", (_, input) => Work(input))
        .AddOrchestratorFunc<string, string>("Chain", async (context, _) =>
            await context.CallActivityAsync<string>("Work", "good") + await context.CallActivityAsync<string>("Work", "bad"))
        .AddOrchestratorFunc<string, string>("FanOut", async (context, _) => string.Concat(await Task.WhenAll(
            new[] { "good1", "bad1", "good2", "bad2" }.Select(input => context.CallActivityAsync<string>("Work", input)))))
        .AddOrchestratorFunc<string, string>("Retries", async (context, _) =>
            await context.CallActivityAsync<string>("Work", "good") + await context.CallActivityAsync<string>("Work", "bad", new(Twice)))
        .AddOrchestratorFunc<string, string>("Handles", async (context, _) =>
        {
            Exception? handled = await Record.ExceptionAsync(() => context.CallActivityAsync<string>("Work", "bad first"));
            string after = await context.CallActivityAsync<string>("Work", "good");
            return $"{handled is TaskFailedException} {after} " + await context.CallActivityAsync<string>("Work", "bad last");
        })
        .AddActivityFunc("Hopeless", new Func<TaskActivityContext, string, string>(
            (_, input) => throw new IOException($"{input} is hopeless")))
        .AddOrchestratorFunc<string, string>("HandlesBeside", async (context, _) =>
        {
            Task<string> bad = context.CallActivityAsync<string>("Work", "bad");
            await Task.WhenAll(bad, HandledAsync());
            return await bad;

            async Task HandledAsync()
            {
                await context.CallActivityAsync<string>("Work", "good");
                try
                {
                    await context.CallActivityAsync<string>("Hopeless", "it", new(Twice));
                }
                catch (TaskFailedException)
                {
                    // Its failure is younger than that of the call beside it.
                }
            }
        })
        .AddOrchestratorFunc<string, string>("Parent", async (context, _) =>
            await context.CallActivityAsync<string>("Work", "good parent")
            + await context.CallSubOrchestratorAsync<string>("Middle", options: new SubOrchestrationOptions(instanceId: "middle")))
        .AddOrchestratorFunc<string, string>("Middle", async (context, _) =>
            await context.CallActivityAsync<string>("Work", "good middle")
            + await context.CallSubOrchestratorAsync<string>("Chain", options: new SubOrchestrationOptions(instanceId: "bottom")))
        .AddOrchestratorFunc<string, string>("RetriesChild", (context, _) =>
            context.CallSubOrchestratorAsync<string>("Chain", options: new SubOrchestrationOptions(new TaskOptions(Twice), "child")))
        .AddOrchestratorFunc<string, string>("OwnFault", async (context, _) =>
        {
            string good = await context.CallActivityAsync<string>("Work", "good");
            return _repaired ? good : throw new InvalidOperationException("a bug");
        })
        .AddOrchestratorFunc<string, string>("OwnFaultAfterTimer", async (context, _) =>
        {
            using var end = new CancellationTokenSource();
            Task timer = context.CreateTimer(TimeSpan.FromDays(1), end.Token);
            await context.CallActivityAsync<string>("Work", "good");
            end.Cancel();
            throw new InvalidOperationException($"a bug, and a timer that is cancelled: {timer.IsCanceled}");
        });

    private async Task<OrchestrationMetadata> FailAndRewindAsync(EngineHost engine, string orchestrator)
    {
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            orchestrator, "x", new StartOrchestrationOptions(InstanceId: "one"));
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.WaitAsync(id)).RuntimeStatus);
        _repaired = true;
        await engine.Client.RewindInstanceAsync(id, "repaired");
        return await engine.WaitAsync(id);
    }

    [Fact]
    public async Task A_failed_activity_runs_again_and_what_succeeded_does_not()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        OrchestrationMetadata done = await FailAndRewindAsync(engine, "Chain");

        Assert.Equal("goodbad", done.ReadOutputAs<string>());
        Assert.Null(done.FailureDetails);
        Assert.Equal((1, 2), (Runs("good"), Runs("bad")));
        Assert.Empty(await HistoryAsync<TaskFailedEvent>(engine, "one"));
        Assert.Equal("repaired", Assert.Single(await HistoryAsync<ExecutionRewoundEvent>(engine, "one")).Reason);
        Assert.Single(await HistoryAsync<ExecutionCompletedEvent>(engine, "one"));
    }

    [Fact]
    public async Task Of_a_fan_out_only_the_failed_ones_run_again()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        OrchestrationMetadata done = await FailAndRewindAsync(engine, "FanOut");

        Assert.Equal("good1bad1good2bad2", done.ReadOutputAs<string>());
        Assert.Equal((1, 2, 1, 2), (Runs("good1"), Runs("bad1"), Runs("good2"), Runs("bad2")));
    }

    [Fact]
    public async Task A_call_with_retries_gets_all_of_them_again()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Equal("goodbad", (await FailAndRewindAsync(engine, "Retries")).ReadOutputAs<string>());

        Assert.Equal((1, 3), (Runs("good"), Runs("bad")));
    }

    [Fact]
    public async Task A_failure_that_the_code_handled_stays_handled()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Equal("True good bad last", (await FailAndRewindAsync(engine, "Handles")).ReadOutputAs<string>());

        Assert.Equal((1, 1, 2), (Runs("bad first"), Runs("good"), Runs("bad last")));
    }

    [Fact]
    public async Task A_failure_that_was_handled_beside_the_one_that_counts_is_not_mistaken_for_it()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Equal("bad", (await FailAndRewindAsync(engine, "HandlesBeside")).ReadOutputAs<string>());

        Assert.Equal((1, 2), (Runs("good"), Runs("bad")));
    }

    [Fact]
    public async Task Failed_children_and_theirs_are_rewound_with_their_parent()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        OrchestrationMetadata done = await FailAndRewindAsync(engine, "Parent");

        Assert.Equal("good parentgood middlegoodbad", done.ReadOutputAs<string>());
        Assert.Equal((1, 1, 1, 2), (Runs("good parent"), Runs("good middle"), Runs("good"), Runs("bad")));
        foreach (string child in new[] { "middle", "bottom" })
        {
            Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.Client.GetInstanceAsync(child))!.RuntimeStatus);
            Assert.Single(await HistoryAsync<ExecutionRewoundEvent>(engine, child));
        }
    }

    [Fact]
    public async Task A_child_whose_retries_are_used_up_is_started_again()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Equal("goodbad", (await FailAndRewindAsync(engine, "RetriesChild")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_failed_child_that_is_gone_is_started_again()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent", "x", new StartOrchestrationOptions(InstanceId: "one"));
        await engine.WaitAsync("one");
        await engine.Client.PurgeInstanceAsync("middle");
        _repaired = true;

        await engine.Client.RewindInstanceAsync("one", "repaired");

        Assert.Equal("good parentgood middlegoodbad", (await engine.WaitAsync("one")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_orchestrator_that_failed_by_itself_is_replayed_with_the_code_of_now()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        Assert.Equal("good", (await FailAndRewindAsync(engine, "OwnFault")).ReadOutputAs<string>());

        Assert.Equal(1, Runs("good"));
    }

    [Fact]
    public async Task What_fails_by_itself_again_ends_again_whatever_it_left_open()
    {
        await using EngineHost engine = await StartAsync(Tasks);

        OrchestrationMetadata again = await FailAndRewindAsync(engine, "OwnFaultAfterTimer");

        Assert.Equal("a bug, and a timer that is cancelled: True", again.FailureDetails!.ErrorMessage);
        Assert.Equal(1, Runs("good"));
        Assert.Single(await HistoryAsync<ExecutionRewoundEvent>(engine, "one"));
    }

    [Fact]
    public async Task What_is_still_broken_fails_again_and_can_be_rewound_again()
    {
        await using EngineHost engine = await StartAsync(Tasks);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("Chain", "x", new StartOrchestrationOptions(InstanceId: "one"));
        await engine.WaitAsync("one");

        await engine.Client.RewindInstanceAsync("one", "too early");
        await UntilAsync(engine, "one", _ => Runs("bad") == 2);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.WaitAsync("one")).RuntimeStatus);
        _repaired = true;
        await engine.Client.RewindInstanceAsync("one", "now");

        Assert.Equal("goodbad", (await engine.WaitAsync("one")).ReadOutputAs<string>());
        Assert.Equal((1, 3), (Runs("good"), Runs("bad")));
    }

    [Fact]
    public async Task Another_worker_goes_on_with_a_rewound_history()
    {
        string store = NewStore();
        await using (EngineHost first = await StartAsync(Tasks, store: store))
        {
            await first.Client.ScheduleNewOrchestrationInstanceAsync(
                "ThenWaits", "x", new StartOrchestrationOptions(InstanceId: "one"));
            Assert.Equal("OrchestratorTaskNotFound", (await first.WaitAsync("one")).FailureDetails!.ErrorType);
            await first.Client.ScheduleNewOrchestrationInstanceAsync("Chain", "x", new StartOrchestrationOptions(InstanceId: "two"));
            await first.WaitAsync("two");
        }

        _repaired = true;
        await using EngineHost second = await StartAsync(
            tasks =>
            {
                Tasks(tasks);
                tasks.AddOrchestratorFunc("ThenWaits", context => context.WaitForExternalEvent<string>("go"));
            },
            store: store);
        await second.Client.RewindInstanceAsync("one", "registered by now");
        await second.Client.RewindInstanceAsync("two", "repaired");
        await second.Client.RaiseEventAsync("one", "go", "went");

        Assert.Equal("went", (await second.WaitAsync("one")).ReadOutputAs<string>());
        Assert.Equal("goodbad", (await second.WaitAsync("two")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Only_a_failed_instance_can_be_rewound()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Ends", _ => "ended")
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go")));
        OrchestrationMetadata ended = await engine.RunAsync("Ends");
        string waits = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");

        await Assert.ThrowsAsync<ArgumentException>(() => engine.Client.RewindInstanceAsync("nobody", "why"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Client.RewindInstanceAsync(ended.InstanceId, "why"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Client.RewindInstanceAsync(waits, "why"));

        Assert.Equal("ended", (await engine.WaitAsync(ended.InstanceId)).ReadOutputAs<string>());
    }
}
