using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Heal.DurableTask.Worker.Tests;

public sealed class TurnBuilderTests
{
    private static readonly OrchestrationLock Lock = new("order-1", "worker", Fence: 3);
    private static readonly OrchestratorStartedEvent Began = new(-1);

    private readonly TurnResult _result = new() { Status = OrchestrationStatus.Running, Actions = [], CancelledTimers = [] };

    [Fact]
    public void What_was_played_and_done_is_appended_between_the_marks_of_the_turn()
    {
        var activity = new TaskScheduledEvent(0, "Pay", null, null);
        var timer = new TimerCreatedEvent(1, Some.Time.AddHours(1));

        var turn = Build(_result with { Actions = [activity, timer] });

        Assert.Equal(
            [EventType.OrchestratorStarted, EventType.TaskScheduled, EventType.TimerCreated, EventType.OrchestratorCompleted],
            turn.NewHistory.Select(entry => entry.EventType));
        Assert.Equal([activity], turn.Activities);
        Assert.Equal((1, timer.FireAt), (Assert.Single(turn.Timers).TimerId, turn.Timers[0].FireAt));
    }

    [Fact]
    public void A_turn_goes_after_the_stored_history_under_its_lock()
    {
        var turn = Build(_result, stored: [Began, Some.Start(), Began]);

        Assert.Equal((Lock, "e1", 3), (turn.Lock, turn.ExecutionId, turn.HistoryCount));
    }

    [Fact]
    public void The_last_turn_stores_how_the_execution_ended()
    {
        var turn = Build(_result with { Status = OrchestrationStatus.Completed, Output = "42" });

        var end = Assert.Single(turn.NewHistory.OfType<ExecutionCompletedEvent>());
        Assert.Equal((OrchestrationStatus.Completed, "42"), (end.OrchestrationStatus, end.Result));
        Assert.Equal((OrchestrationStatus.Completed, "42"), (turn.Status, turn.Output));
    }

    [Fact]
    public void A_sub_orchestration_knows_who_waits_for_it()
    {
        var created = new SubOrchestrationInstanceCreatedEvent(5) { InstanceId = "child-1", Name = "Ship", Version = "2", Input = "1" };

        var child = Assert.Single(Build(_result with { Actions = [created] }).SubOrchestrations).Start;

        Assert.Equal(("child-1", "Ship", "2", "1"), (child.OrchestrationInstance.InstanceId, child.Name, child.Version, child.Input));
        var parent = child.ParentInstance!;
        Assert.Equal(("Order", 5), (parent.Name, parent.TaskScheduleId));
        Assert.Equal(("order-1", "e1"), (parent.OrchestrationInstance.InstanceId, parent.OrchestrationInstance.ExecutionId));
    }

    [Fact]
    public void Two_sub_orchestrations_are_two_executions()
    {
        var turn = Build(_result with { Actions = [Child(0), Child(1)] });

        Assert.Equal(2, turn.SubOrchestrations.Select(child => child.ExecutionId).Distinct().Count());

        static SubOrchestrationInstanceCreatedEvent Child(int id) => new(id) { InstanceId = $"child-{id}", Name = "Ship" };
    }

    [Fact]
    public void A_sent_event_arrives_as_a_raised_one_for_any_execution()
    {
        var sent = new EventSentEvent(0) { InstanceId = "stock", Name = "reserve", Input = "3" };

        var message = Assert.Single(Build(_result with { Actions = [sent] }).Messages);

        Assert.Equal(("stock", null), (message.InstanceId, message.ExecutionId));
        var raised = Assert.IsType<EventRaisedEvent>(message.Event);
        Assert.Equal(("reserve", "3"), (raised.Name, raised.Input));
    }

    [Fact]
    public void Starting_over_drops_the_history_and_keeps_name_version_tags_and_parent()
    {
        var start = Some.Start();
        start.ParentInstance = Some.Parent();
        var carried = new EventRaisedEvent(-1, "1") { Name = "early" };

        var turn = Build(
            _result with { ContinueAsNew = new NextExecution("7", Version: null), CarriedEvents = [carried] }, start);

        Assert.Empty(turn.NewHistory);
        var next = turn.ContinueAs!;
        Assert.Equal(("Order", "1.2", "7"), (next.Name, next.Version, next.Input));
        Assert.Equal((start.Tags, start.ParentInstance), (next.Tags, next.ParentInstance));
        Assert.Equal("order-1", next.OrchestrationInstance.InstanceId);
        Assert.NotEqual("e1", next.OrchestrationInstance.ExecutionId);
        Assert.Same(carried, Assert.Single(turn.CarriedEvents));
        Assert.Empty(turn.Messages);
    }

    [Fact]
    public void Starting_over_may_change_the_version() =>
        Assert.Equal("2.0", Build(_result with { ContinueAsNew = new NextExecution(Input: null, "2.0") }).ContinueAs!.Version);

    [Fact]
    public void A_parent_hears_of_the_output_of_its_child()
    {
        var message = ToParent(_result with { Status = OrchestrationStatus.Completed, Output = "42" });

        Assert.Equal(("day-1", "d1"), (message.InstanceId, message.ExecutionId));
        var done = Assert.IsType<SubOrchestrationInstanceCompletedEvent>(message.Event);
        Assert.Equal((7, "42"), (done.TaskScheduledId, done.Result));
    }

    [Fact]
    public void A_parent_hears_why_its_child_failed()
    {
        var failure = new FailureDetails("Some.Exception", "it broke");

        var message = ToParent(_result with { Status = OrchestrationStatus.Failed, Failure = failure });

        Assert.Equal(failure, Assert.IsType<SubOrchestrationInstanceFailedEvent>(message.Event).FailureDetails);
    }

    [Fact]
    public void A_parent_hears_that_its_child_was_terminated()
    {
        var message = ToParent(_result with { Status = OrchestrationStatus.Terminated, Output = "\"bye\"" });

        var failed = Assert.IsType<SubOrchestrationInstanceFailedEvent>(message.Event);
        Assert.Contains("Terminated", failed.FailureDetails.ErrorMessage);
    }

    [Fact]
    public void A_parent_hears_nothing_of_a_child_that_goes_on() => Assert.Empty(Build(_result, WithParent()).Messages);

    [Fact]
    public void A_recursive_termination_reaches_the_children()
    {
        var turn = Build(_result with { Status = OrchestrationStatus.Terminated, Output = "1", TerminateChildren = ["child-1"] });

        var message = Assert.Single(turn.Messages);
        var terminated = Assert.IsType<ExecutionTerminatedEvent>(message.Event);
        Assert.Equal(("child-1", "1", true), (message.InstanceId, terminated.Input, terminated.Recurse));
    }

    private static OutgoingMessage ToParent(TurnResult result) => Assert.Single(Build(result, WithParent()).Messages);

    private static ExecutionStartedEvent WithParent()
    {
        var start = Some.Start();
        start.ParentInstance = Some.Parent();
        return start;
    }

    private static TurnCommit Build(TurnResult result, ExecutionStartedEvent? start = null, List<HistoryEvent>? stored = null)
    {
        using var instance = new CachedInstance("order-1", "e1", stored ?? []);
        return TurnBuilder.Build(Lock, instance, start ?? Some.Start(), [Began], result, Some.Time, Some.Services);
    }
}
