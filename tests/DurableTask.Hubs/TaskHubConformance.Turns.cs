namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_locked_instance_is_handed_to_nobody_else()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await NextAsync("w1");
        Assert.Empty(await OtherHub.LockOrchestrationsAsync(By("w2")));
        Assert.Empty(await Hub.LockOrchestrationsAsync(By("w1")));
    }

    [Fact]
    public async Task Two_workers_that_lock_at_once_never_share_an_instance()
    {
        var ids = Enumerable.Range(0, 40).Select(_ => Some.Id()).ToArray();
        await Task.WhenAll(ids.Select(id => Hub.CreateInstanceAsync(Some.Instance(id), [])));
        var locked = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            (i % 2 == 0 ? Hub : OtherHub).LockOrchestrationsAsync(By($"w{i}", 10))));
        var held = locked.SelectMany(items => items).Select(item => item.Instance.InstanceId).ToList();
        Assert.Equal(held.Count, held.Distinct().Count());
        held.AddRange((await Hub.LockOrchestrationsAsync(By("rest", 100))).Select(item => item.Instance.InstanceId));
        Assert.Equal(ids.Order(), held.Order());
    }

    [Fact]
    public async Task Those_that_wait_longest_are_handed_out_first_and_a_busy_instance_starves_nobody()
    {
        var busy = await StartedAsync();
        for (var i = 0; i < 20; i++)
        {
            await Hub.SendMessageAsync(busy, Some.Event($"e{i}"));
        }

        var second = Some.Instance();
        await Hub.CreateInstanceAsync(second, []);
        var third = Some.Instance();
        await Hub.CreateInstanceAsync(third, []);

        Assert.Equal(
            [busy, second.InstanceId],
            (await Hub.LockOrchestrationsAsync(By("w1", 2))).Select(item => item.Instance.InstanceId));
        await Hub.SendMessageAsync(busy, Some.Event("more"));
        Assert.Equal([third.InstanceId], (await Hub.LockOrchestrationsAsync(By("w2", 2))).Select(item => item.Instance.InstanceId));
    }

    [Fact]
    public async Task A_turn_appends_history_and_consumes_its_messages()
    {
        var id = await StartedAsync(turn => turn with { CustomStatus = "\"half\"" });
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var item = await NextAsync();
        Assert.Equal((1, OrchestrationStatus.Running), (item.HistoryCount, item.Instance.Status));
        await Hub.CommitTurnAsync(Some.Turn(item, OrchestrationStatus.Completed) with { Output = "7", CustomStatus = "\"full\"" });

        var history = (await Hub.GetHistoryAsync(id))!;
        Assert.Equal([EventType.ExecutionStarted, EventType.EventRaised], history.Select(entry => entry.EventType));
        Assert.Equal("\"input\"", ((ExecutionStartedEvent)history[0]).Input);
        var state = await StateAsync(id);
        Assert.Equal((OrchestrationStatus.Completed, "7", "\"full\""), (state.Status, state.Output, state.CustomStatus));
        Assert.True(state.CompletedAt >= state.CreatedAt);
        Assert.Empty(await AllReadyAsync());
    }

    [Fact]
    public async Task A_message_that_a_turn_did_not_consume_comes_again()
    {
        var id = await StartedAsync();
        await Hub.SendMessageAsync(id, Some.Event("a"));
        await Hub.SendMessageAsync(id, Some.Event("b"));
        await CommitNextAsync(turn => turn with { ConsumedMessages = [turn.ConsumedMessages[0]], NewHistory = [] });
        Assert.Equal(["b"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task A_message_that_arrives_during_a_turn_is_for_the_next_one()
    {
        var id = await StartedAsync();
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var item = await NextAsync();
        await OtherHub.SendMessageAsync(id, Some.Event("b"));
        await Hub.CommitTurnAsync(Some.Turn(item));
        Assert.Equal(["b"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task When_a_lease_ends_another_worker_takes_over_and_the_paused_one_can_not_commit()
    {
        var id = Some.Id();
        await Hub.CreateInstanceAsync(Some.Instance(id), []);
        var paused = await NextAsync("w1", lease: Instant);
        var taken = await NextAsync("w2", OtherHub);
        Assert.True(taken.Lock.Fence > paused.Lock.Fence);

        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(paused, OrchestrationStatus.Failed)));
        Assert.Equal(OrchestrationStatus.Pending, (await StateAsync(id)).Status);
        Assert.Empty((await Hub.GetHistoryAsync(id))!);
        await OtherHub.CommitTurnAsync(Some.Turn(taken));
        Assert.Single((await Hub.GetHistoryAsync(id))!);
    }

    [Fact]
    public async Task A_worker_that_restarts_under_its_old_name_can_not_commit_with_its_old_lock()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var old = await NextAsync("w1", lease: Instant);
        await NextAsync("w1");
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(old)));
    }

    [Fact]
    public async Task A_turn_can_be_committed_once()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Turn(item));
        Assert.True(receipt.Fence > item.Lock.Fence);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(item)));
        Assert.Single((await Hub.GetHistoryAsync(item.Instance.InstanceId))!);
    }

    [Fact]
    public async Task A_stale_turn_stores_nothing_at_all()
    {
        var target = await StartedAsync();
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        await Hub.CommitTurnAsync(Some.Turn(item));
        var child = Some.Instance();
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(item) with
        {
            Activities = [Some.Task(0)],
            Timers = [Some.Timer(1, DateTime.UtcNow)],
            SubOrchestrations = [child],
            Messages = [new OutgoingMessage(target, null, Some.Event("x"))],
        }));
        Assert.Empty(await AllReadyAsync());
        Assert.Empty(await Hub.LockActivitiesAsync(By("w1")));
        Assert.Null(await Hub.GetInstanceAsync(child.InstanceId, withPayloads: false));
    }

    [Fact]
    public async Task A_turn_on_memory_commits_when_nobody_touched_the_instance_since()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Turn(item));
        var next = await Hub.CommitTurnAsync(OnMemory(item, receipt.Fence, historyCount: 1));
        Assert.True(next.Fence > receipt.Fence);
        Assert.Equal(2, (await Hub.GetHistoryAsync(item.Instance.InstanceId))!.Count);
    }

    [Fact]
    public async Task A_turn_on_memory_is_refused_when_somebody_locked_or_changed_the_instance()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Turn(item));
        await Hub.SendMessageAsync(item.Instance.InstanceId, Some.Event("a"));
        var other = await NextAsync("w2", OtherHub);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(OnMemory(item, receipt.Fence, historyCount: 1)));
        await OtherHub.CommitTurnAsync(Some.Turn(other));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(OnMemory(item, receipt.Fence, historyCount: 1)));
    }

    [Fact]
    public async Task A_turn_on_memory_leaves_unread_messages_for_the_next_lock()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Turn(item));
        await Hub.SendMessageAsync(item.Instance.InstanceId, Some.Event("a"));
        await Hub.CommitTurnAsync(OnMemory(item, receipt.Fence, historyCount: 1));
        Assert.Equal(["a"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task An_abandoned_instance_comes_again_after_the_delay_with_the_same_messages()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        await Hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.FromSeconds(2));
        Assert.Empty(await AllReadyAsync());
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(item)));
        Assert.Equal(item.Messages.Select(message => message.Id), (await NextAsync("w2", OtherHub)).Messages.Select(message => message.Id));
    }

    [Fact]
    public async Task An_abandon_with_a_lost_lock_changes_nothing()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var old = await NextAsync("w1", lease: Instant);
        var taken = await NextAsync("w2");
        await Hub.AbandonOrchestrationAsync(old.Lock, TimeSpan.Zero);
        await Hub.CommitTurnAsync(Some.Turn(taken));
    }

    [Fact]
    public async Task A_timer_fires_at_its_time_and_not_before()
    {
        var fireAt = DateTime.UtcNow.AddMilliseconds(300);
        var id = await StartedAsync(turn => turn with { Timers = [Some.Timer(4, fireAt), Some.Timer(5, fireAt.AddHours(1))] });
        var item = await NextAsync();
        var fired = Assert.IsType<TimerFiredEvent>(Assert.Single(item.Messages).Event);
        Assert.Equal((id, 4, fireAt), (item.Instance.InstanceId, fired.TimerId, fired.FireAt));
        Assert.True(DateTime.UtcNow >= fireAt.AddMilliseconds(-50), "the timer fired before its time");
    }

    [Fact]
    public async Task A_cancelled_timer_does_not_fire()
    {
        var soon = DateTime.UtcNow.AddSeconds(2);
        var id = await StartedAsync(turn => turn with { Timers = [Some.Timer(1, soon), Some.Timer(2, soon.AddMilliseconds(100))] });
        await Hub.SendMessageAsync(id, Some.Event("a"));
        await CommitNextAsync(turn => turn with { CancelledTimers = [1] });
        var fired = Assert.Single((await NextAsync()).Messages).Event;
        Assert.Equal(2, ((TimerFiredEvent)fired).TimerId);
    }

    [Fact]
    public async Task An_event_that_came_before_a_timer_was_due_is_played_before_it()
    {
        var id = await StartedAsync(turn => turn with { Timers = [Some.Timer(1, DateTime.UtcNow.AddSeconds(1.5))] });
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var paused = await NextAsync(lease: TimeSpan.FromSeconds(3));
        Assert.Equal(["a"], Some.Names(paused));
        Assert.Equal(["a", "TimerFired"], Some.Names(await NextAsync("w2")));
    }

    [Fact]
    public async Task Continue_as_new_keeps_the_instance_and_drops_the_old_execution()
    {
        var id = await StartedAsync(turn => turn with
        {
            Activities = [Some.Task(0)],
            Timers = [Some.Timer(1, DateTime.UtcNow.AddMilliseconds(100))],
            CustomStatus = "\"kept\"",
        });
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var item = await NextAsync();
        await Hub.SendMessageAsync(id, Some.Event("unread"));
        var before = await StateAsync(id);
        var next = Some.Instance(id, name: "Again").Start;
        next.Input = "2";
        await Hub.CommitTurnAsync(Some.Turn(item) with
        {
            ContinueAs = next, CustomStatus = "\"kept\"", Activities = [], CarriedEvents = [Some.Event("early"), Some.Event("late")],
        });

        Assert.Empty((await Hub.GetHistoryAsync(id))!);
        Assert.Empty(await Hub.LockActivitiesAsync(By("w1")));
        var started = await NextAsync();
        Assert.Equal(["ExecutionStarted", "early", "late", "unread"], Some.Names(started));
        Assert.Equal((next.OrchestrationInstance.ExecutionId, 0), (started.Instance.ExecutionId, started.HistoryCount));
        var state = await StateAsync(id);
        Assert.Equal(("Again", "2", "\"kept\"", "blue"), (state.Name, state.Input, state.CustomStatus, state.Tags["team"]));
        Assert.Equal(before.CreatedAt, state.CreatedAt);
    }

    [Fact]
    public async Task A_sub_orchestration_is_created_with_its_parent()
    {
        var item = await StartOneAsync();
        var parent = new OrchestrationInstance { InstanceId = item.Instance.InstanceId, ExecutionId = item.Instance.ExecutionId };
        var child = Some.Instance(parent: parent);
        await Hub.CommitTurnAsync(Some.Turn(item) with { SubOrchestrations = [child] });
        var started = await NextAsync();
        Assert.Equal((child.InstanceId, item.Instance.InstanceId), (started.Instance.InstanceId, started.Instance.ParentInstanceId));
    }

    [Fact]
    public async Task A_sub_orchestration_whose_id_is_taken_fails_its_creator_and_nobody_else()
    {
        var taken = await StartedAsync();
        var item = await StartOneAsync();
        var parent = new OrchestrationInstance { InstanceId = item.Instance.InstanceId, ExecutionId = item.Instance.ExecutionId };
        await Hub.CommitTurnAsync(Some.Turn(item) with { SubOrchestrations = [Some.Instance(taken, parent: parent, parentTask: 5)] });

        var answer = Assert.Single(await AllReadyAsync());
        Assert.Equal(item.Instance.InstanceId, answer.Instance.InstanceId);
        var failed = Assert.IsType<SubOrchestrationInstanceFailedEvent>(Assert.Single(answer.Messages).Event);
        Assert.Equal(
            (5, "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"),
            (failed.TaskScheduledId, failed.FailureDetails.ErrorType));
        Assert.Equal(OrchestrationStatus.Running, (await StateAsync(taken)).Status);
        Assert.Single((await Hub.GetHistoryAsync(taken))!);
    }

    [Fact]
    public async Task A_sub_orchestration_replaces_an_ended_instance()
    {
        var ended = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        var child = Some.Instance(ended);
        await StartedAsync(turn => turn with { SubOrchestrations = [child] });
        Assert.Equal(child.ExecutionId, (await StateAsync(ended)).ExecutionId);
        Assert.Empty((await Hub.GetHistoryAsync(ended))!);
        Assert.Equal(["ExecutionStarted"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task Messages_to_others_arrive_and_those_to_nobody_or_to_an_older_execution_are_dropped()
    {
        var target = await StartedAsync();
        var ended = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        var execution = (await StateAsync(target)).ExecutionId;
        await StartedAsync(turn => turn with
        {
            Messages =
            [
                new OutgoingMessage("nobody", null, Some.Event("lost")),
                new OutgoingMessage(ended, null, Some.Event("late")),
                new OutgoingMessage(target, Some.Id(), Some.Event("stale")),
                new OutgoingMessage(target, execution, Some.Event("exact")),
                new OutgoingMessage(target, null, Some.Event("any")),
            ],
        });
        Assert.Equal(["exact", "any"], Some.Names(Assert.Single(await AllReadyAsync())));
    }

    [Fact]
    public async Task A_message_to_a_child_reaches_nobody_elses_child_and_brings_no_strangers_start_forward()
    {
        var parent = await StartedAsync();
        var own = Some.Instance(
            parent: new OrchestrationInstance { InstanceId = parent, ExecutionId = (await StateAsync(parent)).ExecutionId });
        var others = Some.Instance(parent: new OrchestrationInstance { InstanceId = "another", ExecutionId = Some.Id() });
        var late = Some.Instance(startAt: DateTime.UtcNow.AddHours(1));
        foreach (var created in new[] { own, others, late })
        {
            await Hub.CreateInstanceAsync(created, []);
        }

        await Hub.SendMessageAsync(parent, Some.Event("go"));
        var items = await AllReadyAsync();
        var end = new ExecutionTerminatedEvent(-1, null, recurse: true);
        await Hub.CommitTurnAsync(Some.Turn(items.Single(item => item.Instance.InstanceId == parent), OrchestrationStatus.Terminated) with
        {
            Messages =
            [
                .. new[] { own, others, late }.Select(target => new OutgoingMessage(target.InstanceId, null, end) { IsToChild = true }),
            ],
        });
        foreach (var item in items.Where(item => item.Instance.InstanceId != parent))
        {
            await Hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.Zero);
        }

        Assert.Equal(
            [(others.InstanceId, "ExecutionStarted"), (own.InstanceId, "ExecutionStarted ExecutionTerminated")],
            (await AllReadyAsync()).Select(item => (item.Instance.InstanceId, string.Join(' ', Some.Names(item))))
                .OrderBy(item => item.Item2, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_to_a_child_that_the_same_turn_creates_arrives()
    {
        var child = Some.Instance();
        await StartedAsync(turn => turn with
        {
            SubOrchestrations = [child],
            Messages = [new OutgoingMessage(child.InstanceId, null, Some.Event("hello"))],
        });
        Assert.Equal(["ExecutionStarted", "hello"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task The_end_drops_timers_activities_and_messages()
    {
        var id = await StartedAsync(turn => turn with
        {
            Activities = [Some.Task(0), Some.Task(1)],
            ClaimActivities = 1,
            ClaimLease = Some.Lease,
            Timers = [Some.Timer(2, DateTime.UtcNow)],
        });
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var item = await NextAsync();
        await Hub.SendMessageAsync(id, Some.Event("b"));
        await Hub.CommitTurnAsync(Some.Turn(item, OrchestrationStatus.Failed) with
        {
            Failure = new FailureDetails("System.Exception", "broken \0 here", InnerFailure: new FailureDetails("Inner", "deep")),
            Messages = [new OutgoingMessage(id, null, Some.Event("to myself"))],
            ConsumedMessages = [],
        });

        Assert.Empty(await AllReadyAsync());
        Assert.Empty(await Hub.LockActivitiesAsync(By("w1")));
        var failure = (await StateAsync(id)).Failure!;
        Assert.Equal(
            ("System.Exception", "broken \0 here", "deep"),
            (failure.ErrorType, failure.ErrorMessage, failure.InnerFailure!.ErrorMessage));
    }

    [Fact]
    public async Task Renewing_extends_what_is_held_and_reports_what_is_lost()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0), Some.Task(1)] });
        var lostActivity = (await NextActivityAsync("w1", lease: Instant)).Lock;
        var keptActivity = (await NextActivityAsync("w1")).Lock;
        await NextActivityAsync("w2");
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var lost = (await NextAsync("w1", lease: Instant)).Lock;
        await NextAsync("w2");
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var kept = await NextAsync("w1", lease: TimeSpan.FromSeconds(30));

        var result = await Hub.RenewLocksAsync([lost, kept.Lock], [lostActivity, keptActivity], Some.Lease);
        Assert.Equal([lost], result.Orchestrations);
        Assert.Equal([lostActivity], result.Activities);
        await Hub.CommitTurnAsync(Some.Turn(kept));
        await Hub.CompleteActivityAsync(keptActivity, Some.Outcome(1));
    }

    [Fact]
    public async Task A_worker_finds_the_locks_that_it_holds_and_can_give_them_back()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0), Some.Task(1), Some.Task(2)] });
        await NextActivityAsync("w1", lease: Instant);
        var taken = (await NextActivityAsync("w2")).Lock;
        var activity = (await NextActivityAsync("w1")).Lock;
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await NextAsync("w1", lease: Instant);
        var other = (await NextAsync("w2")).Lock;
        var turn = (await NextAsync("w1")).Lock;

        Assert.Equal([turn], await OtherHub.FindOrchestrationLocksAsync("w1"));
        Assert.Equal([other], await OtherHub.FindOrchestrationLocksAsync("w2"));
        Assert.Equal([activity], await OtherHub.FindActivityLocksAsync("w1"));
        Assert.Equal([taken], await OtherHub.FindActivityLocksAsync("w2"));

        await OtherHub.AbandonOrchestrationAsync(turn, TimeSpan.Zero);
        await OtherHub.AbandonActivityAsync(activity, TimeSpan.Zero);
        Assert.Empty(await Hub.FindOrchestrationLocksAsync("w1"));
        Assert.Empty(await Hub.FindActivityLocksAsync("w1"));
        Assert.Equal(turn.InstanceId, (await NextAsync("w3")).Lock.InstanceId);
    }

    [Fact]
    public async Task A_renewed_lease_outlives_the_first_one()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var renewed = await NextAsync("w1", lease: TimeSpan.FromSeconds(2));
        var other = await NextAsync("w1", lease: TimeSpan.FromSeconds(2));
        Assert.Empty((await Hub.RenewLocksAsync([renewed.Lock], [], Some.Lease)).Orchestrations);
        Assert.Equal(other.Instance.InstanceId, (await NextAsync("w2")).Instance.InstanceId);
        Assert.Empty(await AllReadyAsync());
    }

    private async Task<OrchestrationWorkItem> StartOneAsync()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        return await NextAsync();
    }

    private static TurnCommit OnMemory(OrchestrationWorkItem item, long fence, int historyCount) => new()
    {
        Lock = item.Lock with { Fence = fence },
        LockHeld = false,
        ExecutionId = item.Instance.ExecutionId,
        HistoryCount = historyCount,
        NewHistory = [Some.TurnStarted()],
        Status = OrchestrationStatus.Running,
    };
}
