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
    public async Task Without_locks_the_hub_is_left_alone()
    {
        Assert.Equal(0, await _locks.RenewOrchestrationsAsync(_hub.Object, Lease, CancellationToken.None));
        Assert.Equal(0, await _locks.RenewActivitiesAsync(_hub.Object, Lease, CancellationToken.None));
        Assert.Equal(0, await _locks.RenewEntitiesAsync(_hub.Object, Lease, CancellationToken.None));
    }

    [Fact]
    public async Task A_lock_that_the_hub_does_not_renew_is_held_no_longer()
    {
        _locks.Add(Orchestration);
        _locks.Add(Kept);
        _locks.Add(Lost);
        _hub.Setup(hub => hub.RenewLocksAsync(
                new[] { Orchestration }, It.Is<IReadOnlyCollection<ActivityLock>>(all => all.Count == 0), Lease, CancellationToken.None))
            .ReturnsAsync(new LostLocks([Orchestration], []));
        _hub.Setup(hub => hub.RenewLocksAsync(
                It.Is<IReadOnlyCollection<OrchestrationLock>>(all => all.Count == 0),
                It.Is<IReadOnlyCollection<ActivityLock>>(all => all.Count == 2),
                Lease,
                CancellationToken.None))
            .ReturnsAsync(new LostLocks([], [Lost]));

        int orchestrations = await _locks.RenewOrchestrationsAsync(_hub.Object, Lease, CancellationToken.None);
        int activities = await _locks.RenewActivitiesAsync(_hub.Object, Lease, CancellationToken.None);

        Assert.Equal((1, 1), (orchestrations, activities));
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

        int orchestrations = await _locks.RenewOrchestrationsAsync(_hub.Object, Lease, CancellationToken.None);
        int activities = await _locks.RenewActivitiesAsync(_hub.Object, Lease, CancellationToken.None);

        Assert.Equal((0, 0), (orchestrations, activities));
        Assert.True(_locks.IsHeld(Kept));
        Assert.False(ended.IsRequested);
    }
}
