using Microsoft.DurableTask.Worker.Dispatch;

namespace Heal.DurableTask.Worker.Tests;

public sealed class WorkSlotsTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(99, 3)]
    public async Task Taking_gives_what_is_free_up_to_the_wish(int wish, int given)
    {
        var slots = new WorkSlots(3);

        Assert.Equal(given, await slots.TakeAsync(wish, CancellationToken.None));
        Assert.Equal(3 - given, slots.TakeFree(99));
    }

    [Fact]
    public async Task Taking_waits_for_a_slot_that_comes_back()
    {
        var slots = new WorkSlots(2);
        await slots.TakeAsync(2, CancellationToken.None);

        var waiting = slots.TakeAsync(2, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        slots.GiveBack(1);

        Assert.Equal(1, await waiting);
    }

    [Fact]
    public void Taking_what_is_free_does_not_wait()
    {
        var slots = new WorkSlots(1);

        Assert.Equal(1, slots.TakeFree(5));
        Assert.Equal(0, slots.TakeFree(5));
    }

    [Fact]
    public async Task A_cancelled_wait_takes_nothing()
    {
        var slots = new WorkSlots(1);
        slots.TakeFree(1);
        using var stop = new CancellationTokenSource();
        var waiting = slots.TakeAsync(1, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        slots.GiveBack(1);
        Assert.Equal(1, slots.TakeFree(1));
    }

    [Fact]
    public void Giving_nothing_back_is_allowed()
    {
        var slots = new WorkSlots(1);

        slots.GiveBack(0);

        Assert.Equal(1, slots.TakeFree(2));
    }
}
