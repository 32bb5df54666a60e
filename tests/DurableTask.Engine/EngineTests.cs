using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>What an author of orchestrators relies on, run against every hub.</summary>
public abstract partial class EngineTests
{
    /// <summary>A hub object on a store; two objects with the same store's name are two processes on one hub.</summary>
    protected abstract ITaskHub CreateHub(string store);

    private async Task<EngineHost> StartAsync(
        Action<DurableTaskRegistry> tasks,
        Action<DurableTaskWorkerOptions>? configure = null,
        Action<TaskHubWorkerOptions>? configureHub = null) =>
        await EngineHost.StartAsync(CreateHub(NewStore()), tasks, configure, configureHub);

    private static string NewStore() => Guid.NewGuid().ToString("N");

    [Fact]
    public async Task An_activity_gets_its_input_and_gives_its_output()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Greet", (context, name) => context.CallActivityAsync<string>("Hello", name))
            .AddActivityFunc<string, string>("Hello", (_, name) => $"Hello, {name}!"));

        OrchestrationMetadata done = await engine.RunAsync("Greet", "Prague");

        Assert.Equal(OrchestrationRuntimeStatus.Completed, done.RuntimeStatus);
        Assert.Equal("Hello, Prague!", done.ReadOutputAs<string>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_long_chain_and_a_wide_fan_out_give_every_result_once(bool extendedSessions)
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc<int, int>("Sum", async (context, width) =>
                {
                    int total = 0;
                    for (int i = 0; i < 5; i++)
                    {
                        total += await context.CallActivityAsync<int>("Same", 1);
                    }

                    int[] all = await Task.WhenAll(Enumerable.Range(0, width).Select(n => context.CallActivityAsync<int>("Same", n)));
                    return total + all.Sum();
                })
                .AddActivityFunc<int, int>("Same", (_, n) => n),
            configureHub: options => options.ExtendedSessions = extendedSessions);

        OrchestrationMetadata done = await engine.RunAsync("Sum", 40);

        Assert.Equal(5 + (39 * 40 / 2), done.ReadOutputAs<int>());
    }

    [Fact]
    public async Task Code_sees_replaying_while_past_events_are_replayed()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Replays", async context =>
            {
                var seen = new List<bool> { context.IsReplaying };
                await context.CallActivityAsync("Nothing");
                seen.Add(context.IsReplaying);
                await context.CallActivityAsync("Nothing");
                seen.Add(context.IsReplaying);
                return seen;
            })
            .AddActivityFunc("Nothing", _ => { }));

        OrchestrationMetadata done = await engine.RunAsync("Replays");

        Assert.Equal([true, true, false], done.ReadOutputAs<List<bool>>()!);
    }

    [Fact]
    public async Task Ids_and_the_clock_are_the_same_at_every_replay()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Ids", async context =>
            {
                Guid first = context.NewGuid();
                Guid second = context.NewGuid();
                DateTime now = context.CurrentUtcDateTime;
                Guid echoed = await context.CallActivityAsync<Guid>("Echo", first);
                DateTime echoedNow = await context.CallActivityAsync<DateTime>("EchoTime", now);
                return first == echoed && first != second && now == echoedNow && now.Kind == DateTimeKind.Utc;
            })
            .AddActivityFunc<Guid, Guid>("Echo", (_, id) => id)
            .AddActivityFunc<DateTime, DateTime>("EchoTime", (_, time) => time));

        OrchestrationMetadata done = await engine.RunAsync("Ids");

        Assert.True(done.ReadOutputAs<bool>());
    }

    [Fact]
    public async Task A_failed_activity_throws_its_details_into_the_orchestrator()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Catches", async context =>
            {
                try
                {
                    await context.CallActivityAsync("Throws");
                    return "nothing thrown";
                }
                catch (TaskFailedException failed)
                {
                    return $"{failed.TaskName}: {failed.FailureDetails.ErrorMessage}, "
                        + $"{failed.FailureDetails.IsCausedBy<InvalidDataException>()}, {failed.FailureDetails.InnerFailure?.ErrorMessage}";
                }
            })
            .AddActivityFunc("Throws", _ => throw new InvalidDataException("bad", new InvalidOperationException("inner"))));

        OrchestrationMetadata done = await engine.RunAsync("Catches");

        Assert.Equal("Throws: bad, True, inner", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_unhandled_failure_fails_the_instance_and_keeps_the_cause()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Fails", context => context.CallActivityAsync("Throws"))
            .AddActivityFunc("Throws", _ => throw new TimeoutException("too late")));

        OrchestrationMetadata done = await engine.RunAsync("Fails");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal("Microsoft.DurableTask.TaskFailedException", done.FailureDetails!.ErrorType);
        Assert.Equal("System.TimeoutException", done.FailureDetails.InnerFailure!.ErrorType);
    }

    [Fact]
    public async Task A_retry_policy_tries_as_often_as_it_says()
    {
        int attempts = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", async context =>
                await context.CallActivityAsync<int>(
                    "Third", TaskOptions.FromRetryPolicy(new RetryPolicy(5, TimeSpan.FromMilliseconds(1)))))
            .AddActivityFunc("Third", _ => Interlocked.Increment(ref attempts) < 3 ? throw new IOException("not yet") : attempts));

        OrchestrationMetadata done = await engine.RunAsync("Retries");

        Assert.Equal(3, done.ReadOutputAs<int>());
        Assert.Equal(3, attempts);
    }

    [Fact]
    public async Task A_retry_policy_gives_up_after_its_last_attempt()
    {
        int attempts = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context =>
                context.CallActivityAsync("Never", TaskOptions.FromRetryPolicy(new RetryPolicy(3, TimeSpan.FromMilliseconds(1)))))
            .AddActivityFunc("Never", _ =>
            {
                Interlocked.Increment(ref attempts);
                throw new IOException("never");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Retries");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal(3, attempts);
    }

    [Fact]
    public async Task A_missing_activity_is_not_retried()
    {
        int asked = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Missing", TaskOptions.FromRetryHandler(_ =>
            {
                asked++;
                return true;
            }))));

        OrchestrationMetadata done = await engine.RunAsync("Calls");

        Assert.Equal("ActivityTaskNotFound", done.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task A_missing_orchestrator_fails_the_instance()
    {
        await using EngineHost engine = await StartAsync(_ => { });

        OrchestrationMetadata done = await engine.RunAsync("Missing");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal("OrchestratorTaskNotFound", done.FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task An_event_raised_before_it_is_awaited_is_kept()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Waits", async context =>
            {
                string one = await context.WaitForExternalEvent<string>("GO");
                string two = await context.WaitForExternalEvent<string>("go");
                return one + two;
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.RaiseEventAsync(id, "Go", "1");
        await engine.Client.RaiseEventAsync(id, "gO", "2");

        Assert.Equal("12", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task The_newest_waiter_gets_the_event()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Stack", async context =>
            {
                Task<string> older = context.WaitForExternalEvent<string>("e");
                Task<string> newer = context.WaitForExternalEvent<string>("e");
                context.SetCustomStatus("waiting");
                string first = await newer;
                string second = await older;
                return first + second;
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Stack");
        await engine.Client.WaitForInstanceStartAsync(id);
        await engine.Client.RaiseEventAsync(id, "e", "a");
        await engine.Client.RaiseEventAsync(id, "e", "b");

        Assert.Equal("ab", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_wait_with_a_timeout_ends_by_the_event_or_by_the_clock()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Either", async context =>
            {
                string got = await context.WaitForExternalEvent<string>("e", TimeSpan.FromMinutes(5));
                try
                {
                    await context.WaitForExternalEvent<string>("e", TimeSpan.FromMilliseconds(50));
                    return "not reached";
                }
                catch (TaskCanceledException)
                {
                    return got + ", then nothing";
                }
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Either");
        await engine.Client.RaiseEventAsync(id, "e", "came");

        Assert.Equal("came, then nothing", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_sub_orchestration_knows_its_parent_and_answers_it()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Parent", (context, input) => context.CallSubOrchestratorAsync<string>("Child", input))
            .AddOrchestratorFunc<string, string>("Child", (context, input) => $"{context.Parent!.Name.Name}/{input}"));

        Assert.Equal("Parent/x", (await engine.RunAsync("Parent", "x")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_failed_sub_orchestration_fails_its_call_and_a_retry_starts_another()
    {
        int runs = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>(
                "Child", TaskOptions.FromRetryPolicy(new RetryPolicy(3, TimeSpan.FromMilliseconds(1)))))
            .AddOrchestratorFunc("Child", context => context.CallActivityAsync<string>("Second"))
            .AddActivityFunc("Second", _ => Interlocked.Increment(ref runs) < 2 ? throw new IOException() : "done"));

        Assert.Equal("done", (await engine.RunAsync("Parent")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Continue_as_new_starts_over_and_keeps_events_and_custom_status()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, int>("Eternal", async (context, seen) =>
            {
                if (seen == 0)
                {
                    context.SetCustomStatus("set once");
                }

                await context.WaitForExternalEvent<string>("tick");
                if (seen + 1 < 4)
                {
                    context.ContinueAsNew(seen + 1);
                }

                return seen + 1;
            }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Eternal", 0);
        for (int i = 0; i < 4; i++)
        {
            await engine.Client.RaiseEventAsync(id, "tick");
        }

        OrchestrationMetadata done = await engine.WaitAsync(id);
        Assert.Equal(4, done.ReadOutputAs<int>());
        Assert.Equal("set once", done.ReadCustomStatusAs<string>());
    }

    [Fact]
    public async Task Terminate_ends_an_instance_with_the_given_output()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("never")));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(id);
        await engine.Client.TerminateInstanceAsync(id, "enough");

        OrchestrationMetadata done = await engine.WaitAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, done.RuntimeStatus);
        Assert.Equal("enough", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task Events_wait_while_an_instance_is_suspended()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go")));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(id);

        await engine.Client.SuspendInstanceAsync(id, "pause");
        await engine.Client.RaiseEventAsync(id, "go", "went");
        await UntilAsync(engine, id, state => state.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        await engine.Client.ResumeInstanceAsync(id, "on");

        Assert.Equal("went", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_orchestrator_that_awaits_foreign_work_fails_with_the_reason()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Foreign", async _ => await new TaskCompletionSource().Task));

        OrchestrationMetadata done = await engine.RunAsync("Foreign");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Contains("did not come from its context", done.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_code_fails_an_instance_with_both_sides_named()
    {
        bool changed = false;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Changes", async context =>
            {
                // Not deterministic on purpose: stands for code that was deployed while the instance ran.
                await context.CallActivityAsync(changed ? "New" : "Old");
                changed = true;
                context.SetCustomStatus("changed");
                await context.WaitForExternalEvent<string>("go");
            })
            .AddActivityFunc("Old", _ => { })
            .AddActivityFunc("New", _ => { }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Changes");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);
        await engine.Client.RaiseEventAsync(id, "go", "x");

        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException", done.FailureDetails!.ErrorType);
        Assert.Contains("'Old'", done.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("'New'", done.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_stops_leaves_nothing_undone_for_the_next()
    {
        string store = NewStore();
        int executed = 0;
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Steps", async context =>
            {
                for (int i = 0; i < 20; i++)
                {
                    await context.CallActivityAsync("Count");
                }
            })
            .AddActivityFunc("Count", _ => Interlocked.Increment(ref executed));

        string id;
        await using (EngineHost first = await EngineHost.StartAsync(CreateHub(store), Tasks))
        {
            id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Steps");
            await first.Client.WaitForInstanceStartAsync(id);
        }

        await using EngineHost second = await EngineHost.StartAsync(CreateHub(store), Tasks);
        OrchestrationMetadata done = await second.WaitAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, done.RuntimeStatus);
        Assert.InRange(executed, 20, 21);
    }

    private static async Task UntilAsync(EngineHost engine, string id, Func<OrchestrationMetadata, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await engine.Client.GetInstanceAsync(id, getInputsAndOutputs: true, limit.Token) is not { } state || !condition(state))
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
