namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    /// <summary>Well below the safety poll: a wait that ends in time was woken, not timed out.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_signal_between_a_look_and_a_wait_is_not_lost()
    {
        await DrainAsync(Hub, WorkKind.Orchestration);
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await Hub.WaitForWorkAsync(WorkKind.Orchestration, Deadline).WaitAsync(Soon);
    }

    [Fact]
    public async Task A_waiting_worker_of_another_process_is_woken_by_a_new_instance()
    {
        var waiting = NextAsync("w2", OtherHub);
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await waiting.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_waiting_worker_of_another_process_is_woken_by_a_message()
    {
        var id = await StartedAsync();
        var waiting = NextAsync("w2", OtherHub);
        await Hub.SendMessageAsync(id, Some.Event("a"));
        Assert.Equal(["a"], Some.Names(await waiting.WaitAsync(Soon)));
    }

    [Fact]
    public async Task A_waiting_worker_of_another_process_is_woken_by_an_activity_and_by_its_outcome()
    {
        var waitingForActivity = NextActivityAsync("w2", OtherHub);
        await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        var activity = await waitingForActivity.WaitAsync(Soon);
        var waitingForOutcome = NextAsync("w1", Hub);
        await OtherHub.CompleteActivityAsync(activity.Lock, Some.Outcome(0));
        await waitingForOutcome.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_worker_that_waits_already_gets_a_claimed_activity_when_its_lease_ends()
    {
        await DrainAsync(OtherHub, WorkKind.Activity);
        var waiting = NextActivityAsync("w2", OtherHub);
        await StartedAsync(turn => Some.Claiming(turn, TimeSpan.FromSeconds(1)));
        Assert.Equal(2, (await waiting).DeliveryCount);
    }

    [Fact]
    public async Task Two_waiting_workers_share_what_arrives()
    {
        var first = NextAsync("w1", Hub);
        var second = NextAsync("w2", OtherHub);
        var third = NextAsync("w3", Hub);
        for (var i = 0; i < 3; i++)
        {
            await Hub.CreateInstanceAsync(Some.Instance(), []);
        }

        var items = await Task.WhenAll(first, second, third).WaitAsync(Soon + Soon);
        Assert.Equal(3, items.Select(item => item.Instance.InstanceId).Distinct().Count());
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        var waiting = DrainAsync(Hub, WorkKind.Activity, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_watch_sees_the_end_whether_it_comes_before_or_during_the_wait()
    {
        var id = await StartedAsync();
        using var watch = Hub.WatchInstance(id);
        using var remote = OtherHub.WatchInstance(id);
        await Hub.SendMessageAsync(id, Some.Event("end"));
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        await watch.WaitAsync(Deadline).WaitAsync(Soon);
        await UntilEndedAsync(remote, id).WaitAsync(Soon);
    }

    [Fact]
    public async Task A_watch_of_another_process_sees_each_status()
    {
        var id = Some.Id();
        using var watch = OtherHub.WatchInstance(id);
        var ended = UntilEndedAsync(watch, id);
        await StartedAsync(id: id);
        await Hub.SendMessageAsync(id, Some.Event("end"));
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        await ended.WaitAsync(Soon);
    }

    private async Task UntilEndedAsync(IInstanceWatch watch, string id)
    {
        while ((await OtherHub.GetInstanceAsync(id, withPayloads: false))?.Status.IsTerminal() != true)
        {
            await watch.WaitAsync(Deadline);
        }
    }

    /// <summary>Waits until there is no old signal any more; returns without one only when cancelled.</summary>
    private static async Task DrainAsync(ITaskHub hub, WorkKind kind, CancellationToken cancellationToken = default)
    {
        using var brief = new CancellationTokenSource(cancellationToken == default ? 100 : Timeout.Infinite);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(brief.Token, cancellationToken);
        try
        {
            while (true)
            {
                await hub.WaitForWorkAsync(kind, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing is left.
        }
    }
}
