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
    private readonly HeldLocks _locks = new();

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
}
