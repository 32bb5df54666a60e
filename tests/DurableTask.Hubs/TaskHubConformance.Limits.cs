namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private static readonly Dictionary<string, int> TwoCharges = new(StringComparer.OrdinalIgnoreCase) { ["charge"] = 2 };
    private static readonly Dictionary<string, int> OneOrder = new(StringComparer.OrdinalIgnoreCase) { ["order"] = 1 };

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

    private async Task<string> StartLimitedAsync()
    {
        var instance = Some.Instance();
        await Hub.CreateInstanceAsync(instance, []);
        return instance.InstanceId;
    }

    private static async Task<IReadOnlyList<ActivityWorkItem>> LimitedActivitiesAsync(ITaskHub hub, int count, TimeSpan? lease = null)
    {
        var first = await hub.LockActivitiesAsync(By("w1", count, lease) with { Limits = TwoCharges });
        return first.Count > 0 ? first : await hub.LockActivitiesAsync(By("w1", count, lease) with { Limits = TwoCharges });
    }

    private static Task<IReadOnlyList<OrchestrationWorkItem>> LimitedOrchestrationsAsync(ITaskHub hub) =>
        hub.LockOrchestrationsAsync(By("w1") with { Limits = OneOrder });
}
