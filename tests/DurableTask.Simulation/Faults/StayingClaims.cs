using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.World;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>
/// The activities that workers claimed with their turns, in a run in which these have no lease of their own, as the PostgreSQL hub keeps
/// them: they stay with their worker for as long as its process lives, as if it were always busy. What a living worker drops without
/// giving it back is done by nobody; only what it never heard of, because the answer was lost, the hub takes back by itself.
/// </summary>
internal sealed class StayingClaims(InMemoryStorage storage, Func<DateTimeOffset> now)
{
    private readonly Dictionary<ActivityLock, SimProcess> _owners = [];

    /// <summary>The connection of a process whose claims stay.</summary>
    public ITaskHub Around(ITaskHub hub, SimProcess process) => new Hub(hub, process, this);

    /// <summary>A process is gone: everybody may have what it claimed.</summary>
    public void Free(SimProcess process) =>
        Free(_owners.Where(claim => claim.Value == process).Select(claim => claim.Key).ToArray());

    /// <summary>Who claimed these does not know it.</summary>
    public void Free(IEnumerable<ActivityLock> claimed)
    {
        foreach (var held in claimed.Where(_owners.Remove))
        {
            SetVisible(held, now());
        }

        storage.SignalWork(WorkKind.Activity);
    }

    private void Keep(IEnumerable<ActivityLock> locks)
    {
        foreach (var held in locks.Where(_owners.ContainsKey))
        {
            SetVisible(held, DateTimeOffset.MaxValue);
        }
    }

    private void SetVisible(ActivityLock held, DateTimeOffset at)
    {
        if (storage.Activities.TryGetValue(held.ActivityId, out var activity) && activity.IsHeldBy(held))
        {
            activity.VisibleAt = at;
        }
    }

    private sealed class Hub(ITaskHub hub, SimProcess process, StayingClaims claims) : PassingHub(hub)
    {
        public override async Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
        {
            var receipt = await base.CommitTurnAsync(turn, cancellationToken);
            ActivityLock[] claimed = [.. receipt.Claimed.Select(item => item.Lock)];
            Array.ForEach(claimed, held => claims._owners[held] = process);
            claims.Keep(claimed);
            return receipt;
        }

        /// <summary>They have no rows on the PostgreSQL hub.</summary>
        public override async Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(
            string workerId, CancellationToken cancellationToken = default) =>
            [.. (await base.FindActivityLocksAsync(workerId, cancellationToken)).Where(held => !claims._owners.ContainsKey(held))];

        public override async Task<LostLocks> RenewLocksAsync(
            IReadOnlyCollection<OrchestrationLock> orchestrations,
            IReadOnlyCollection<ActivityLock> activities,
            TimeSpan lease,
            CancellationToken cancellationToken = default)
        {
            var lost = await base.RenewLocksAsync(orchestrations, activities, lease, cancellationToken);
            claims.Keep(activities);
            return lost;
        }
    }
}
