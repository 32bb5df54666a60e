namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    [Fact]
    public async Task Workers_that_were_lost_with_an_instance_are_counted_up_to_two()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var lost = new List<int>();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            lost.Add((await NextAsync(lease: Instant)).LostAttempts);
        }

        Assert.Equal([0, 1, 2, 2], lost);
    }

    [Fact]
    public async Task From_two_on_lost_attempts_at_an_instance_are_what_the_holder_says_until_a_commit()
    {
        var id = await StartedAsync();
        await Hub.SendMessageAsync(id, Some.Event("a"));
        var stale = await NextAsync(lease: Instant);
        var held = await NextAsync(lease: Instant);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.SetLostAttemptsAsync(stale.Lock, 9));
        await Hub.SetLostAttemptsAsync(held.Lock, 4);
        var next = await NextAsync();
        Assert.Equal(4, next.LostAttempts);

        await Hub.CommitTurnAsync(Some.Turn(next));
        await Hub.SendMessageAsync(id, Some.Event("b"));
        Assert.Equal(0, (await NextAsync()).LostAttempts);
    }

    [Fact]
    public async Task What_is_given_back_is_not_lost()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        await Hub.AbandonOrchestrationAsync((await NextAsync()).Lock, TimeSpan.Zero);
        var item = await NextAsync();
        Assert.Equal(0, item.LostAttempts);
        await Hub.CommitTurnAsync(Some.Turn(item) with { Activities = [Some.Task(0)] });
        await Hub.AbandonActivityAsync((await NextActivityAsync()).Lock, TimeSpan.Zero);
        Assert.Equal(0, (await NextActivityAsync()).LostAttempts);
        await Hub.Entities.SignalAsync(Signal("add"));
        await Hub.Entities.AbandonAsync((await NextEntityAsync()).Lock, TimeSpan.Zero);
        Assert.Equal(0, (await NextEntityAsync()).LostAttempts);
    }

    [Fact]
    public async Task Workers_that_were_lost_with_an_entity_are_counted_up_to_two_and_then_as_the_holder_says()
    {
        await Hub.Entities.SignalAsync(Signal("one"));
        await Hub.Entities.SignalAsync(Signal("two"));
        var lost = new List<EntityWorkItem>();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            lost.Add(await NextEntityAsync(lease: Instant));
        }

        Assert.Equal([0, 1, 2, 2], lost.Select(item => item.LostAttempts));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.Entities.SetLostAttemptsAsync(lost[2].Lock, 9));
        await Hub.Entities.SetLostAttemptsAsync(lost[3].Lock, 4);
        var held = await NextEntityAsync();
        Assert.Equal((4, null), (held.LostAttempts, held.SuspectUntil));

        await Hub.Entities.CommitAsync(Batch(held) with
        {
            ConsumedMessages = [held.Messages[0].Id], LostAttempts = 2, SuspectUntil = held.Messages[1].Id,
        });
        var next = await NextEntityAsync();
        Assert.Equal((2, held.Messages[1].Id), (next.LostAttempts, next.SuspectUntil));
        await Hub.Entities.CommitAsync(Batch(next));
        await Hub.Entities.SignalAsync(Signal("three"));
        next = await NextEntityAsync();
        Assert.Equal((0, null), (next.LostAttempts, next.SuspectUntil));
    }

    [Fact]
    public async Task Workers_that_were_lost_with_an_activity_are_counted_up_to_two_and_then_as_the_holder_says()
    {
        await StartedAsync(turn => Some.Claiming(turn, Instant));
        Assert.Equal(1, (await NextActivityAsync(lease: Instant)).LostAttempts);
        var stale = await NextActivityAsync(lease: Instant);
        var held = await NextActivityAsync(lease: Instant);
        Assert.Equal((2, 2), (stale.LostAttempts, held.LostAttempts));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.SetLostAttemptsAsync(stale.Lock, 9));
        await Hub.SetLostAttemptsAsync(held.Lock, 3);
        Assert.Equal(3, (await NextActivityAsync()).LostAttempts);
    }
}
