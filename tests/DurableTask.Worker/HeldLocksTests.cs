using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;
using Moq;

namespace Heal.DurableTask.Worker.Tests;

public sealed class HeldLocksTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly OrchestrationLock Orchestration = new("order-1", "worker", Fence: 1);
    private static readonly ActivityLock Kept = new(1, "order-1", 0, "worker", Fence: 1);
    private static readonly ActivityLock Lost = new(2, "order-1", 1, "worker", Fence: 1);

    private readonly Mock<ITaskHub> _hub = new(MockBehavior.Strict);
    private readonly HeldLocks _locks = new(TaskScheduler.Default);

    [Fact]
    public async Task Without_locks_the_hub_is_left_alone() =>
        Assert.Same(LostLocks.None, await _locks.RenewAsync(_hub.Object, Lease, CancellationToken.None));

    [Fact]
    public async Task A_lock_that_the_hub_does_not_renew_is_held_no_longer()
    {
        _locks.Add(Orchestration);
        _locks.Add(Kept);
        _locks.Add(Lost);
        _hub.Setup(hub => hub.RenewLocksAsync(
                new[] { Orchestration }, It.Is<IReadOnlyCollection<ActivityLock>>(all => all.Count == 2), Lease, CancellationToken.None))
            .ReturnsAsync(new LostLocks([Orchestration], [Lost]));

        await _locks.RenewAsync(_hub.Object, Lease, CancellationToken.None);

        Assert.Empty(_locks.Orchestrations);
        Assert.True(_locks.IsHeld(Kept));
        Assert.False(_locks.IsHeld(Lost));
    }

    [Fact]
    public async Task What_ended_or_was_given_back_while_the_hub_renewed_was_not_lost()
    {
        _locks.Add(Orchestration);
        ActivityCancellation ended = _locks.Add(Kept);
        _locks.Add(Lost);
        _hub.Setup(hub => hub.RenewLocksAsync(
                It.IsAny<IReadOnlyCollection<OrchestrationLock>>(),
                It.IsAny<IReadOnlyCollection<ActivityLock>>(),
                Lease,
                CancellationToken.None))
            .ReturnsAsync(() =>
            {
                ended.HasEnded = true;
                _locks.Remove(Lost);
                _locks.Remove(Orchestration);
                return new LostLocks([Orchestration], [Kept, Lost]);
            });

        LostLocks lost = await _locks.RenewAsync(_hub.Object, Lease, CancellationToken.None);

        Assert.Empty(lost.Orchestrations);
        Assert.Empty(lost.Activities);
        Assert.True(_locks.IsHeld(Kept));
        Assert.False(ended.IsRequested);
    }
}
