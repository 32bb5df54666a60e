using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using static Heal.DurableTask.Worker.Tests.ReplayedOrchestration;

namespace Heal.DurableTask.Worker.Tests;

public sealed class OrchestrationLifeTests
{
    private static readonly Func<TaskOrchestrationContext, Task<object?>> Answer =
        async context => await context.WaitForExternalEvent<string>("answer");

    [Fact]
    public void A_suspended_orchestration_keeps_events_until_it_is_resumed()
    {
        var orchestration = new ReplayedOrchestration(Answer);
        orchestration.Begin();

        Assert.Equal(OrchestrationStatus.Suspended, orchestration.Play(new ExecutionSuspendedEvent(-1, "maintenance")).Status);
        Assert.Equal(OrchestrationStatus.Suspended, orchestration.Play(Raised("answer", "\"yes\"")).Status);
        var end = orchestration.Play(new ExecutionResumedEvent(-1, "over"));

        Assert.Equal((OrchestrationStatus.Completed, "\"yes\""), (end.Status, end.Output));
    }

    [Fact]
    public void Events_that_waited_for_the_resumption_keep_their_order()
    {
        var orchestration = new ReplayedOrchestration(async context =>
            await context.WaitForExternalEvent<string>("answer") + await context.WaitForExternalEvent<string>("answer"));
        orchestration.Begin();
        orchestration.Play(new ExecutionSuspendedEvent(-1, null), Raised("answer", "\"a\""));

        Assert.Equal("\"ab\"", orchestration.Play(Raised("answer", "\"b\""), new ExecutionResumedEvent(-1, null)).Output);
    }

    [Fact]
    public void What_was_about_to_start_is_held_back_until_the_resumption()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.WaitForExternalEvent<string>("answer");
            return await context.CallActivityAsync<string>("Next");
        });
        orchestration.Begin();

        Assert.Empty(orchestration.Play(Raised("answer", "\"\""), new ExecutionSuspendedEvent(-1, null)).Actions);
        Assert.Empty(orchestration.Play(Raised("other", "\"\"")).Actions);
        var resumed = orchestration.Play(new ExecutionResumedEvent(-1, null));

        Assert.Equal("Next", Assert.IsType<TaskScheduledEvent>(Assert.Single(resumed.Actions)).Name);
        Assert.Equal("\"done\"", orchestration.Play(Done(0, "\"done\"")).Output);
    }

    [Fact]
    public void A_suspended_orchestration_can_be_terminated()
    {
        var orchestration = new ReplayedOrchestration(Answer);
        orchestration.Begin();
        orchestration.Play(new ExecutionSuspendedEvent(-1, null));

        Assert.Equal(OrchestrationStatus.Terminated, orchestration.Play(new ExecutionTerminatedEvent(-1, null)).Status);
    }

    [Fact]
    public void A_terminated_orchestration_ends_with_the_given_output_and_starts_nothing()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.WaitForExternalEvent<string>("answer");
            return await context.CallActivityAsync<string>("Never");
        });
        orchestration.Begin();

        var end = orchestration.Play(new ExecutionTerminatedEvent(-1, "\"stopped\""), Raised("answer", "\"late\""));

        Assert.Equal((OrchestrationStatus.Terminated, "\"stopped\""), (end.Status, end.Output));
        Assert.Empty(end.Actions);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_a_recursive_termination_ends_running_children(bool recurse)
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            var options = new SubOrchestrationOptions(instanceId: "child-1");
            return await context.CallSubOrchestratorAsync<string>("Child", options: options);
        });
        orchestration.Begin();

        Assert.Equal(recurse ? ["child-1"] : [], orchestration.Play(new ExecutionTerminatedEvent(-1, null, recurse)).TerminateChildren);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Starting_over_takes_unprocessed_events_along_when_asked_to(bool preserve)
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.WaitForExternalEvent<string>("go");
            context.ContinueAsNew(newInput: 2, preserve);
            return null;
        });
        orchestration.Begin();

        var end = orchestration.Play(Raised("early", "1"), Raised("early", "2"), Raised("go", "\"\""));

        Assert.Equal("2", end.ContinueAsNew!.Input);
        Assert.Equal(preserve ? ["1", "2"] : [], end.CarriedEvents.Select(carried => carried.Input));
        Assert.All(end.CarriedEvents, carried => Assert.Equal("early", carried.Name));
    }

    [Fact]
    public void An_event_that_comes_after_the_wish_to_start_over_is_for_the_next_execution()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            _ = context.WaitForExternalEvent<string>("late");
            await context.WaitForExternalEvent<string>("go");
            context.ContinueAsNew(preserveUnprocessedEvents: false);
            return null;
        });
        orchestration.Begin();

        var end = orchestration.Play(Raised("early", "1"), Raised("go", "\"\""), Raised("late", "2"));

        Assert.Equal(("late", "2"), (Assert.Single(end.CarriedEvents).Name, end.CarriedEvents[0].Input));
    }

    [Fact]
    public void A_failure_after_the_wish_to_start_over_is_a_failure()
    {
        var end = new ReplayedOrchestration(context =>
        {
            context.ContinueAsNew();
            throw new InvalidOperationException("too late");
        }).Begin();

        Assert.Equal((OrchestrationStatus.Failed, "too late"), (end.Status, end.Failure!.ErrorMessage));
        Assert.Null(end.ContinueAsNew);
    }

    [Fact]
    public void An_orchestrator_that_awaits_a_foreign_task_fails_instead_of_waiting_for_ever()
    {
        var never = new TaskCompletionSource<object?>();

        var end = new ReplayedOrchestration(_ => never.Task).Begin();

        Assert.Equal(OrchestrationStatus.Failed, end.Status);
        Assert.Contains("did not come from its context", end.Failure!.ErrorMessage);
    }

    [Fact]
    public void An_orchestrator_that_awaits_an_event_is_not_stuck() =>
        Assert.Equal(OrchestrationStatus.Running, new ReplayedOrchestration(Answer).Begin().Status);

    [Fact]
    public void An_orchestration_does_not_end_while_a_task_is_open()
    {
        var hasty = new ReplayedOrchestration(context =>
        {
            _ = context.CallActivityAsync("Forgotten");
            return Task.FromResult<object?>("done");
        });

        Assert.Equal(OrchestrationStatus.Running, hasty.Begin().Status);
        Assert.Equal(OrchestrationStatus.Completed, hasty.Play(Done(0)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_second_outcome_of_a_task_is_not_recorded(bool suspended)
    {
        var orchestration = new ReplayedOrchestration(async context => await context.CallActivityAsync<string>("Once"));
        orchestration.Begin();
        HistoryEvent[] before = suspended ? [new ExecutionSuspendedEvent(-1, null)] : [];

        var second = Done(0, "\"two\"");
        var end = orchestration.Play([.. before, Done(0, "\"one\""), second]);

        Assert.Equal([second], end.Ignored);
    }

    [Fact]
    public void A_timer_that_is_cancelled_in_its_first_turn_leaves_no_trace()
    {
        var end = new ReplayedOrchestration(async context =>
        {
            using var enough = new CancellationTokenSource();
            var timer = context.CreateTimer(TimeSpan.FromDays(1), enough.Token);
            enough.Cancel();
            await Assert.ThrowsAsync<TaskCanceledException>(() => timer);
            return true;
        }).Begin();

        Assert.Equal((OrchestrationStatus.Completed, "true"), (end.Status, end.Output));
        Assert.Empty(end.Actions);
    }

    [Fact]
    public void A_stored_timer_that_is_cancelled_is_taken_back()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            using var enough = new CancellationTokenSource();
            _ = context.CreateTimer(TimeSpan.FromDays(1), enough.Token);
            await context.WaitForExternalEvent<string>("answer");
            enough.Cancel();
            return await context.CallActivityAsync<string>("Next");
        });
        orchestration.Begin();

        Assert.Equal([0], orchestration.Play(Raised("answer", "\"\"")).CancelledTimers);
    }

    [Fact]
    public void A_far_timer_goes_in_legs()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.CreateTimer(Some.Time.AddDays(4), CancellationToken.None);
            return null;
        });

        Assert.Equal(Some.Time.AddDays(3), Assert.IsType<TimerCreatedEvent>(Assert.Single(orchestration.Begin().Actions)).FireAt);
        orchestration.Now = Some.Time.AddDays(3);
        var second = orchestration.Play(new TimerFiredEvent(-1, Some.Time.AddDays(3)) { TimerId = 0 });
        Assert.Equal(Some.Time.AddDays(4), Assert.IsType<TimerCreatedEvent>(Assert.Single(second.Actions)).FireAt);
    }
}
