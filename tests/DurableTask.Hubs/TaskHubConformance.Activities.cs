namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    [Fact]
    public async Task An_activity_is_handed_out_with_what_the_orchestrator_gave_it()
    {
        var id = await StartedAsync(turn => turn with { Activities = [Some.Task(3)] });
        var item = await NextActivityAsync();
        Assert.Equal((id, 3, 1), (item.Lock.InstanceId, item.Lock.TaskId, item.DeliveryCount));
        Assert.Equal(("Charge", "42", 3), (item.Task.Name, item.Task.Input, item.Task.EventId));
        Assert.Equal((await StateAsync(id)).ExecutionId, item.ExecutionId);
        Assert.Empty(await OtherHub.LockActivitiesAsync(By("w2")));
    }

    [Fact]
    public async Task Activities_are_handed_out_oldest_first()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0), Some.Task(1), Some.Task(2)] });
        Assert.Equal([0, 1], (await Hub.LockActivitiesAsync(By("w1", 2))).Select(item => item.Lock.TaskId));
        Assert.Equal([2], (await OtherHub.LockActivitiesAsync(By("w2", 2))).Select(item => item.Lock.TaskId));
    }

    [Fact]
    public async Task A_completed_activity_puts_its_outcome_into_the_inbox_once()
    {
        var id = await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        var activity = await NextActivityAsync();
        await Hub.CompleteActivityAsync(activity.Lock, Some.Outcome(0));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(activity.Lock, Some.Outcome(0)));

        var item = await NextAsync();
        var outcome = Assert.IsType<TaskCompletedEvent>(Assert.Single(item.Messages).Event);
        Assert.Equal((id, 0, "\"done\""), (item.Instance.InstanceId, outcome.TaskScheduledId, outcome.Result));
        Assert.Empty(await Hub.LockActivitiesAsync(By("w1")));
    }

    [Fact]
    public async Task When_an_activity_s_lease_ends_it_is_delivered_again_and_the_first_outcome_is_refused()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        var first = await NextActivityAsync("w1", lease: Instant);
        var second = await NextActivityAsync("w2", OtherHub);
        Assert.Equal(2, second.DeliveryCount);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(first.Lock, Some.Outcome(0)));
        await OtherHub.CompleteActivityAsync(second.Lock, Some.Outcome(0));
    }

    [Fact]
    public async Task An_abandoned_activity_comes_again_after_the_delay()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        var first = await NextActivityAsync();
        await Hub.AbandonActivityAsync(first.Lock, TimeSpan.FromSeconds(2));
        Assert.Empty(await Hub.LockActivitiesAsync(By("w1")));
        Assert.Equal(1, (await NextActivityAsync()).DeliveryCount);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(first.Lock, Some.Outcome(0)));
    }

    [Fact]
    public async Task A_claimed_activity_that_is_abandoned_counts_as_not_delivered()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var claimed = (await CommitNextAsync(turn => Some.Claiming(turn, Some.Lease))).Claimed[0];
        await Hub.AbandonActivityAsync(claimed.Lock, TimeSpan.Zero);
        Assert.Equal(1, (await NextActivityAsync()).DeliveryCount);
    }

    [Fact]
    public async Task A_turn_can_claim_the_first_of_its_activities()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var receipt = await CommitNextAsync(turn => turn with
        {
            Activities = [Some.Task(0, "A"), Some.Task(1, "B"), Some.Task(2, "C")],
            ClaimActivities = 2,
            ClaimLease = Some.Lease,
        });
        Assert.Equal(["A", "B"], receipt.Claimed.Select(item => item.Task.Name));
        Assert.All(receipt.Claimed, item => Assert.Equal(("w1", 1), (item.Lock.WorkerId, item.DeliveryCount)));
        Assert.Equal(["C"], (await OtherHub.LockActivitiesAsync(By("w2"))).Select(item => item.Task.Name));
        await Hub.CompleteActivityAsync(receipt.Claimed[1].Lock, Some.Outcome(1));
    }

    [Fact]
    public async Task A_claimed_activity_whose_worker_died_is_delivered_again()
    {
        await StartedAsync(turn => Some.Claiming(turn, Instant));
        Assert.Equal(2, (await NextActivityAsync("w2", OtherHub)).DeliveryCount);
    }

    [Fact]
    public async Task A_turn_finishes_activities_whose_outcome_is_in_its_history()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Turn(item) with
        {
            Activities = [Some.Task(0), Some.Task(1)],
            ClaimActivities = 1,
            ClaimLease = Some.Lease,
        });
        await Hub.CommitTurnAsync(OnMemory(item, receipt.Fence, historyCount: 1) with
        {
            NewHistory = [Some.Outcome(0)],
            FinishedActivities = [receipt.Claimed[0].Lock],
        });
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(receipt.Claimed[0].Lock, Some.Outcome(0)));
        Assert.Equal([1], (await Hub.LockActivitiesAsync(By("w1"))).Select(activity => activity.Lock.TaskId));
    }

    [Fact]
    public async Task A_turn_from_memory_is_refused_when_another_worker_has_taken_over_an_activity_of_the_instance()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var receipt = await Hub.CommitTurnAsync(Some.Claiming(Some.Turn(item), Instant));
        var second = await NextActivityAsync("w2", OtherHub);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(
            OnMemory(item, receipt.Fence, historyCount: 2) with { FinishedActivities = [receipt.Claimed[0].Lock] }));
        await OtherHub.CompleteActivityAsync(second.Lock, Some.Outcome(0));
        Assert.IsType<TaskCompletedEvent>(Assert.Single((await NextAsync()).Messages).Event);
    }

    [Fact]
    public async Task The_outcome_for_an_ended_instance_is_refused()
    {
        var id = await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        var activity = await NextActivityAsync();
        await Hub.SendMessageAsync(id, Some.Event("end"));
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Terminated });
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(activity.Lock, Some.Outcome(0)));
        Assert.Equal([activity.Lock], (await Hub.RenewLocksAsync([], [activity.Lock], Some.Lease)).Activities);
    }
}
