using DurableTask.Core;
using DurableTask.Core.Command;
using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Shims;

namespace Heal.DurableTask.Testing.Tests;

/// <summary>Tasks run through the shims as a host with a storage of its own runs them: history in, actions out.</summary>
public sealed class ShimTests
{
    private static readonly DateTime Now = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly OrchestrationInstance Instance = new() { InstanceId = "i1", ExecutionId = "e1" };

    private readonly DurableTaskShimFactory _factory = DurableTaskShimFactory.Default;

    [Fact]
    public async Task An_activity_gets_the_one_element_of_its_arguments_and_gives_json()
    {
        var shim = _factory.CreateActivity<string, string>(
            "Greet", (context, name) => Task.FromResult($"{context.Name} {name} for {context.InstanceId}"));

        Assert.Equal("\"Greet Ann for i1\"", await shim.RunAsync(new TaskContext(Instance), "[\"Ann\"]"));
    }

    [Fact]
    public async Task An_activity_without_input_gets_none()
    {
        var shim = _factory.CreateActivity<object?, bool>("Any", (_, input) => Task.FromResult(input is null));

        Assert.Equal("true", await shim.RunAsync(new TaskContext(Instance), "[]"));
        Assert.Equal("true", await shim.RunAsync(new TaskContext(Instance), null));
    }

    [Fact]
    public void A_first_turn_asks_for_what_the_code_calls()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<int, int>(async (context, number) =>
            {
                context.SetCustomStatus("half");
                return await context.CallActivityAsync<int>("Double", number);
            }),
            past: [], news: [TurnStarted(), Started("21")]);

        var call = Assert.IsType<ScheduleTaskOrchestratorAction>(Assert.Single(result.Actions));
        Assert.Equal((0, "Double", "[21]"), (call.Id, call.Name, call.Input));
        Assert.Equal("\"half\"", result.CustomStatus);
    }

    [Fact]
    public void A_replayed_history_leads_to_the_end()
    {
        bool? replayedAtEnd = null;
        OrchestratorExecutionResult result = Run(
            Orchestrator<int, int>(async (context, number) =>
            {
                int doubled = await context.CallActivityAsync<int>("Double", number);
                await context.CreateTimer(TimeSpan.FromSeconds(1), CancellationToken.None);
                replayedAtEnd = context.IsReplaying;
                return doubled + 1;
            }),
            past:
            [
                TurnStarted(), Started("21"), new TaskScheduledEvent(0, "double", null, null),
                TurnStarted(), new TaskCompletedEvent(-1, 0, "42"), new TimerCreatedEvent(1, Now),
            ],
            news: [TurnStarted(), new TimerFiredEvent(-1, Now) { TimerId = 1 }]);

        var end = Assert.IsType<OrchestrationCompleteOrchestratorAction>(Assert.Single(result.Actions));
        Assert.Equal((OrchestrationStatus.Completed, "43"), (end.OrchestrationStatus, end.Result));
        Assert.False(replayedAtEnd);
    }

    [Fact]
    public void A_failed_activity_is_thrown_into_the_code_with_its_details()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<object?, string>(async (context, _) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("Fails");
                }
                catch (TaskFailedException failed)
                {
                    return $"{failed.TaskName} #{failed.TaskId}: {failed.FailureDetails.ErrorMessage}";
                }
            }),
            past: [],
            news: [TurnStarted(), Started(null), new TaskScheduledEvent(0, "Fails", null, null), TaskFailed(0, "boom")]);

        Assert.Equal("\"Fails #0: boom\"", Assert.IsType<OrchestrationCompleteOrchestratorAction>(Assert.Single(result.Actions)).Result);
    }

    [Fact]
    public void An_unhandled_failure_keeps_the_failed_tasks_own()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<object?, string>((context, _) => context.CallActivityAsync<string>("Fails")),
            past: [],
            news: [TurnStarted(), Started(null), new TaskScheduledEvent(0, "Fails", null, null), TaskFailed(0, "boom")]);

        var end = Assert.IsType<OrchestrationCompleteOrchestratorAction>(Assert.Single(result.Actions));
        Assert.Equal(OrchestrationStatus.Failed, end.OrchestrationStatus);
        Assert.Equal(typeof(TaskFailedException).FullName, end.FailureDetails!.ErrorType);
        Assert.Equal("boom", end.FailureDetails.InnerFailure!.ErrorMessage);
    }

    [Fact]
    public void A_retry_policy_waits_on_a_durable_timer()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<object?, string>((context, _) => context.CallActivityAsync<string>(
                "Fails", options: TaskOptions.FromRetryPolicy(new RetryPolicy(3, TimeSpan.FromSeconds(5))))),
            past: [],
            news: [TurnStarted(), Started(null), new TaskScheduledEvent(0, "Fails", null, null), TaskFailed(0, "boom")]);

        Assert.Equal(Now.AddSeconds(5), Assert.IsType<CreateTimerOrchestratorAction>(Assert.Single(result.Actions)).FireAt);
    }

    [Fact]
    public void Code_that_differs_from_its_history_fails_as_not_deterministic()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<object?, string>((context, _) => context.CallActivityAsync<string>("New")),
            past: [TurnStarted(), Started(null), new TaskScheduledEvent(0, "Old", null, null)],
            news: [TurnStarted(), new TaskCompletedEvent(-1, 0, "1")]);

        var end = Assert.IsType<OrchestrationCompleteOrchestratorAction>(Assert.Single(result.Actions));
        Assert.Equal("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException", end.FailureDetails!.ErrorType);
    }

    [Fact]
    public void Events_reach_the_code_and_what_is_left_goes_to_the_next_execution()
    {
        OrchestratorExecutionResult result = Run(
            Orchestrator<object?, string?>(async (context, _) =>
            {
                string answer = await context.WaitForExternalEvent<string>("answer");
                context.ContinueAsNew(answer + "!");
                return null;
            }),
            past: [],
            news: [TurnStarted(), Started(null), Raised("other", "1"), Raised("ANSWER", "\"yes\""), Raised("late", "2")]);

        Assert.Collection(
            result.Actions,
            action => Assert.Equal("1", Assert.IsType<SendEventOrchestratorAction>(action).EventData),
            action =>
            {
                var end = Assert.IsType<OrchestrationCompleteOrchestratorAction>(action);
                Assert.Equal((OrchestrationStatus.ContinuedAsNew, "\"yes!\""), (end.OrchestrationStatus, end.Result));
                Assert.Equal("late", Assert.IsType<EventRaisedEvent>(Assert.Single(end.CarryoverEvents)).Name);
            });
    }

    [Fact]
    public void An_orchestration_that_stays_in_memory_goes_on_where_it_was()
    {
        int runs = 0;
        TaskOrchestration shim = Orchestrator<object?, string>(async (context, _) =>
        {
            runs++;
            return await context.CallActivityAsync<string>("Once");
        });
        using var cache = new ExtendedSessionsCache();
        var first = new OrchestrationRuntimeState();
        first.AddEvent(TurnStarted());
        first.AddEvent(Started(null));
        var session = new ExtendedSessionState(first, shim, new TaskOrchestrationExecutor(first, shim));
        session.OrchestrationExecutor.Execute();
        cache.GetOrInitializeCache(30).CreateEntry("i1").Value = session;

        first.NewEvents.Clear();
        first.AddEvent(TurnStarted());
        first.AddEvent(new TaskScheduledEvent(0, "Once", null, null));
        first.AddEvent(new TaskCompletedEvent(-1, 0, "\"done\""));
        OrchestratorExecutionResult result = session.OrchestrationExecutor.ExecuteNewEvents();

        Assert.True(session.OrchestrationExecutor.IsCompleted);
        Assert.Equal("\"done\"", Assert.IsType<OrchestrationCompleteOrchestratorAction>(Assert.Single(result.Actions)).Result);
        Assert.Equal(1, runs);
        Assert.True(cache.IsInitialized);
        Assert.Same(cache.GetOrInitializeCache(1), cache.GetOrInitializeCache(2));
    }

    [Fact]
    public async Task An_entity_does_its_batch_and_takes_back_only_what_failed()
    {
        TaskEntity shim = _factory.CreateEntity("counter", new Counter(), new EntityId("counter", "k"));

        EntityBatchResult result = await shim.ExecuteOperationBatchAsync(new EntityBatchRequest
        {
            EntityState = "1",
            Operations = [Do("add", "2"), Do("fail", null), Do("add", "4"), Do("tell", null)],
        });

        Assert.Equal("7", result.EntityState);
        Assert.Equal(["3", null, "7", null], result.Results!.Select(one => one.Result));
        Assert.Equal("no", result.Results![1].FailureDetails!.ErrorMessage);
        var signal = Assert.IsType<SendSignalOperationAction>(Assert.Single(result.Actions!));
        Assert.Equal(("@log@k", "write", "7"), (signal.InstanceId, signal.Name, signal.Input));
    }

    [Fact]
    public void A_task_without_a_name_is_refused()
    {
        Assert.Throws<ArgumentException>(() => _factory.CreateActivity<int, int>(default, (_, n) => Task.FromResult(n)));
        Assert.Throws<ArgumentNullException>(() => _factory.CreateActivity("Any", null!));
        Assert.Throws<ArgumentNullException>(() => _factory.CreateOrchestration("Any", (ITaskOrchestrator)null!));
    }

    private TaskOrchestration Orchestrator<TInput, TOutput>(Func<TaskOrchestrationContext, TInput, Task<TOutput>> code) =>
        _factory.CreateOrchestration("Job", code);

    private static OrchestratorExecutionResult Run(TaskOrchestration shim, HistoryEvent[] past, HistoryEvent[] news)
    {
        var state = new OrchestrationRuntimeState(past);
        foreach (HistoryEvent entry in news)
        {
            state.AddEvent(entry);
        }

        return new TaskOrchestrationExecutor(state, shim).Execute();
    }

    private static OrchestratorStartedEvent TurnStarted() => new(-1) { Timestamp = Now };

    private static ExecutionStartedEvent Started(string? input) => new(-1, input) { Name = "Job", OrchestrationInstance = Instance };

    private static EventRaisedEvent Raised(string name, string input) => new(-1, input) { Name = name };

    private static TaskFailedEvent TaskFailed(int id, string message) =>
        new(-1, id, new FailureDetails("System.InvalidOperationException", message));

    private static OperationRequest Do(string operation, string? input) => new() { Operation = operation, Input = input };

    private sealed class Counter : TaskEntity<int>
    {
        public int Add(int amount) => State += amount;

        public void Fail()
        {
            State = -1;
            Context.SignalEntity(new EntityInstanceId("log", "k"), "never");
            throw new InvalidOperationException("no");
        }

        public void Tell(TaskEntityContext context) => context.SignalEntity(new EntityInstanceId("log", "k"), "write", State);
    }
}
