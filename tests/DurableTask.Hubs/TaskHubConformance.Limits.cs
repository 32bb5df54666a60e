namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private static readonly Dictionary<string, int> TwoCharges = new(StringComparer.OrdinalIgnoreCase) { ["charge"] = 2 };
    private static readonly Dictionary<string, int> OneOrder = new(StringComparer.OrdinalIgnoreCase) { ["order"] = 1 };

    // It looks again for the signals that there were before, and then waits.
    private static readonly TimeSpan TimeUntilItWaits = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task Activities_over_a_limit_wait_and_those_behind_them_do_not()
    {
        await StartedAsync(turn => turn with
        {
            Activities = [Some.Task(0), Some.Task(1), Some.Task(2), Some.Task(3), Some.Task(4, "Other")],
        });
        var first = await LimitedActivitiesAsync(Hub, 3);
        var second = await LimitedActivitiesAsync(OtherHub, 10);
        Assert.Equal([0, 1], first.Concat(second).Where(item => item.Task.Name == "Charge").Select(item => item.Lock.TaskId));
        Assert.Single(first.Concat(second), item => item.Task.Name == "Other");
        Assert.Empty(await LimitedActivitiesAsync(Hub, 10));

        await Hub.CompleteActivityAsync(first[0].Lock, Some.Outcome(0));
        Assert.Equal([2], (await LimitedActivitiesAsync(OtherHub, 10)).Select(item => item.Lock.TaskId));
        await Hub.AbandonActivityAsync(first[1].Lock, TimeSpan.FromHours(1));
        Assert.Equal([3], (await LimitedActivitiesAsync(OtherHub, 10)).Select(item => item.Lock.TaskId));
    }

    [Fact]
    public async Task A_place_of_a_dead_worker_is_free_when_its_lease_is_over()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0), Some.Task(1), Some.Task(2)] });
        Assert.Equal(2, (await LimitedActivitiesAsync(Hub, 10, Instant)).Count);
        var again = new List<ActivityWorkItem>();
        while (again.Count < 2)
        {
            await OtherHub.WaitForWorkAsync(WorkKind.Activity, Deadline);
            again.AddRange(await LimitedActivitiesAsync(OtherHub, 10));
        }

        Assert.Equal(2, again.Count);
        Assert.Empty(await LimitedActivitiesAsync(Hub, 10));
    }

    [Fact]
    public async Task An_orchestration_over_a_limit_starts_when_one_before_it_has_ended()
    {
        var first = await StartLimitedAsync();
        var second = await StartLimitedAsync();
        var third = await StartLimitedAsync();
        var running = Assert.Single(await LimitedOrchestrationsAsync(Hub));
        Assert.Equal(first, running.Instance.InstanceId);
        await Hub.CommitTurnAsync(Some.Turn(running));
        Assert.Empty(await LimitedOrchestrationsAsync(OtherHub));
        Assert.Equal(OrchestrationStatus.Pending, (await StateAsync(second)).Status);

        // One that has its place needs no other for its next turns.
        await Hub.SendMessageAsync(first, Some.Event("end"));
        var last = Assert.Single(await LimitedOrchestrationsAsync(Hub));
        await Hub.CommitTurnAsync(Some.Turn(last, OrchestrationStatus.Completed));
        Assert.Equal([second], (await LimitedOrchestrationsAsync(OtherHub)).Select(item => item.Instance.InstanceId));
        Assert.Equal(OrchestrationStatus.Pending, (await StateAsync(third)).Status);
    }

    [Fact]
    public async Task An_orchestration_that_waits_for_a_place_can_be_terminated()
    {
        await StartLimitedAsync();
        var waiting = await StartLimitedAsync();
        Assert.Single(await LimitedOrchestrationsAsync(Hub));
        await Hub.SendMessageAsync(waiting, new ExecutionTerminatedEvent(-1, null));
        var item = Assert.Single(await LimitedOrchestrationsAsync(OtherHub));
        Assert.Equal((waiting, 2), (item.Instance.InstanceId, item.Messages.Count));
    }

    [Fact]
    public async Task A_late_holder_whose_place_somebody_else_has_cannot_renew_its_activity()
    {
        await StartedAsync(turn => turn with
        {
            Activities = [.. Enumerable.Range(0, 4).Select(id => new TaskScheduledEvent(id, "Charge", id < 2 ? "1" : "2", "42"))],
        });
        var late = await LimitedActivitiesAsync(Hub, 10, Instant);
        Assert.Equal([0, 1], late.Select(item => item.Lock.TaskId));
        var others = By("w2") with { Limits = TwoCharges, Only = [new WorkFilter("Charge", ["2"])] };
        var taken = await UntilThereIsSomethingAsync(() => OtherHub.LockActivitiesAsync(others));
        Assert.Equal([2, 3], taken.Select(item => item.Lock.TaskId));

        ActivityLock[] locks = [.. late.Select(item => item.Lock)];
        Assert.Equal(locks, (await Hub.RenewLocksAsync([], locks, Some.Lease)).Activities);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CompleteActivityAsync(locks[0], Some.Outcome(0)));
    }

    [Fact]
    public async Task A_late_holder_whose_place_somebody_else_has_cannot_start_its_orchestration()
    {
        await StartLimitedAsync();
        string second = await StartLimitedAsync("2.0");
        var late = Assert.Single(await LimitedOrchestrationsAsync(Hub, Instant));
        var others = By("w2") with { Limits = OneOrder, Only = [new WorkFilter("Order", ["2.0"])] };
        var taken = await UntilThereIsSomethingAsync(() => OtherHub.LockOrchestrationsAsync(others));
        Assert.Equal([second], taken.Select(item => item.Instance.InstanceId));

        Assert.Equal([late.Lock], (await Hub.RenewLocksAsync([late.Lock], [], Some.Lease)).Orchestrations);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(late)));
    }

    /// <summary>Who freed it may die before it looks.</summary>
    [Fact]
    public async Task Who_waits_already_gets_an_activity_when_a_place_becomes_free()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0), Some.Task(1), Some.Task(2)] });
        var held = await LimitedActivitiesAsync(Hub, 10);
        var waiting = UntilThereIsSomethingAsync(async () =>
        {
            var found = await OtherHub.LockActivitiesAsync(By("w2") with { Limits = TwoCharges }, Deadline);
            return found.Count > 0 ? found : await WaitedAsync<ActivityWorkItem>(WorkKind.Activity);
        });
        await Task.Delay(TimeUntilItWaits, Deadline);
        await Hub.CompleteActivityAsync(held[0].Lock, Some.Outcome(0));
        Assert.Equal([2], (await waiting).Select(item => item.Lock.TaskId));
    }

    [Fact]
    public async Task Who_waits_already_starts_when_a_place_becomes_free()
    {
        await StartLimitedAsync();
        var running = Assert.Single(await LimitedOrchestrationsAsync(Hub));
        string next = await StartLimitedAsync();
        var starting = UntilThereIsSomethingAsync(async () =>
        {
            var found = await OtherHub.LockOrchestrationsAsync(By("w2") with { Limits = OneOrder }, Deadline);
            return found.Count > 0 ? found : await WaitedAsync<OrchestrationWorkItem>(WorkKind.Orchestration);
        });
        await Task.Delay(TimeUntilItWaits, Deadline);
        await Hub.CommitTurnAsync(Some.Turn(running, OrchestrationStatus.Completed));
        Assert.Equal([next], (await starting).Select(item => item.Instance.InstanceId));
    }

    [Fact]
    public async Task While_all_that_is_left_waits_for_a_place_nobody_is_woken_and_nothing_fails()
    {
        await StartLimitedAsync();
        var running = Assert.Single(await LimitedOrchestrationsAsync(Hub));
        await Hub.CommitTurnAsync(Some.Turn(running) with { Activities = [.. Enumerable.Range(0, 3).Select(id => Some.Task(id))] });
        await LimitedActivitiesAsync(Hub, 10);
        await StartLimitedAsync();
        Assert.Empty(await LimitedOrchestrationsAsync(OtherHub));
        foreach (var kind in new[] { WorkKind.Orchestration, WorkKind.Activity })
        {
            using var enough = new CancellationTokenSource(TimeUntilItWaits);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                // The news of what was made above may still wake somebody.
                while (true)
                {
                    await OtherHub.WaitForWorkAsync(kind, enough.Token);
                }
            });
        }
    }

    private async Task<IReadOnlyList<T>> WaitedAsync<T>(WorkKind kind)
    {
        await OtherHub.WaitForWorkAsync(kind, Deadline);
        return [];
    }

    private async Task<IReadOnlyList<T>> UntilThereIsSomethingAsync<T>(Func<Task<IReadOnlyList<T>>> look)
    {
        while (true)
        {
            if (await look() is { Count: > 0 } found)
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), Deadline);
        }
    }

    private async Task<string> StartLimitedAsync(string version = "1.0")
    {
        var instance = Some.Instance();
        instance.Start.Version = version;
        await Hub.CreateInstanceAsync(instance, []);
        return instance.InstanceId;
    }

    private static async Task<IReadOnlyList<ActivityWorkItem>> LimitedActivitiesAsync(ITaskHub hub, int count, TimeSpan? lease = null)
    {
        var first = await hub.LockActivitiesAsync(By("w1", count, lease) with { Limits = TwoCharges });
        return first.Count > 0 ? first : await hub.LockActivitiesAsync(By("w1", count, lease) with { Limits = TwoCharges });
    }

    private static Task<IReadOnlyList<OrchestrationWorkItem>> LimitedOrchestrationsAsync(ITaskHub hub, TimeSpan? lease = null) =>
        hub.LockOrchestrationsAsync(By("w1", lease: lease) with { Limits = OneOrder });
}
