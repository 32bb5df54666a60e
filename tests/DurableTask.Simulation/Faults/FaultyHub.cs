using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.DurableTask.Simulation.Tests.Checks;
using Heal.DurableTask.Simulation.Tests.World;
using Heal.Shared.Tests.Programs.Checks;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>A process's connection to the hub: every call takes a way there and back, on which all can go wrong.</summary>
internal sealed class FaultyHub(
    ITaskHub hub, SimProcess process, TimeProvider time, FaultSource faults, Audit audit, StayingClaims claims) : ITaskHub
{
    private static readonly TimeSpan SafetyPoll = TimeSpan.FromSeconds(5);

    private readonly List<OrchestrationWorkItem> _orchestrations = [];
    private readonly List<ActivityWorkItem> _activities = [];

    public IEntityHub Entities => new FaultyEntities(hub.Entities, this);

    public Task InitializeAsync(CancellationToken cancellationToken = default) =>
        CallAsync("initialize", async () =>
        {
            await hub.InitializeAsync(cancellationToken);
            return true;
        });

    public Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default) =>
        CallAsync($"create {instance.InstanceId}", async () =>
        {
            await hub.CreateInstanceAsync(instance, reusableStatuses, cancellationToken);
            audit.Created(instance);
            return true;
        });

    public Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default) =>
        CallAsync($"send {message.EventType} to {instanceId}", async () =>
        {
            bool isStored = await hub.SendMessageAsync(instanceId, message, cancellationToken);
            if (isStored && message is ExecutionRewoundEvent)
            {
                audit.Rewound(instanceId);
            }

            return isStored;
        });

    public Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken = default) =>
        CallAsync($"get {instanceId}", () => hub.GetInstanceAsync(instanceId, withPayloads, cancellationToken));

    public Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default) =>
        CallAsync("query", () => hub.QueryInstancesAsync(query, cancellationToken));

    public Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        CallAsync($"history of {instanceId}", () => hub.GetHistoryAsync(instanceId, cancellationToken));

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
        CallAsync("purge", async () =>
        {
            var before = audit.Stored;
            int removed = await hub.PurgeInstancesAsync(instanceIds, cancellationToken);
            audit.Removed(before, instance => instanceIds.Contains(instance.State.InstanceId));
            return removed;
        });

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) =>
        CallAsync("count", () => hub.CountInstancesAsync(query, cancellationToken));

    public Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        CallAsync("purge expired", () => hub.PurgeExpiredAsync(timeToLive, maxCount, cancellationToken));

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        CallAsync($"lost attempts of {held.InstanceId} #{held.Fence}", async () =>
        {
            await hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);
            return true;
        });

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        CallAsync($"lost attempts of {held.InstanceId}/{held.TaskId} #{held.Fence}", async () =>
        {
            await hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);
            return true;
        });

    public IInstanceWatch WatchInstance(string instanceId) => hub.WatchInstance(instanceId);

    public Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default) =>
        CallAsync<IReadOnlyList<OrchestrationWorkItem>>("lock orchestrations", async () =>
        {
            var items = await hub.LockOrchestrationsAsync(request, cancellationToken);
            foreach (var item in items)
            {
                audit.Delivered(item);
                process.World.Trace.Write($"{process.Name} locked {item.Lock.InstanceId} #{item.Lock.Fence}: {item.Messages.Count}");
            }

            return Again(items, _orchestrations, request.MaxCount);
        });

    public Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
        CallAsync($"commit {turn.Lock.InstanceId} #{turn.Lock.Fence} {turn.Status}", async () =>
        {
            var receipt = await hub.CommitTurnAsync(turn, cancellationToken);
            audit.Committed(turn);
            process.World.Trace.Write($"{process.Name} committed #{receipt.Fence}, claimed {receipt.Claimed.Count}");
            process.World.Trace.Explain(() => HistoryText.Describe(turn));
            return receipt;
        }, unheard: receipt => claims.Free(receipt.Claimed.Select(item => item.Lock)));

    public Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        CallAsync($"abandon {held.InstanceId} #{held.Fence}", async () =>
        {
            await hub.AbandonOrchestrationAsync(held, delay, cancellationToken);
            return true;
        });

    public Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(LockRequest request, CancellationToken cancellationToken = default) =>
        CallAsync<IReadOnlyList<ActivityWorkItem>>("lock activities", async () =>
        {
            var items = await hub.LockActivitiesAsync(request, cancellationToken);
            foreach (var item in items)
            {
                process.World.Trace.Write($"{process.Name} locked activity {item.Lock.InstanceId}/{item.Lock.TaskId} #{item.Lock.Fence}");
            }

            audit.Locked();
            return Again(items, _activities, request.MaxCount);
        });

    public Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default) =>
        CallAsync($"complete {held.InstanceId}/{held.TaskId} #{held.Fence}", async () =>
        {
            await hub.CompleteActivityAsync(held, outcome, cancellationToken);
            return true;
        });

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        CallAsync($"abandon {held.InstanceId}/{held.TaskId} #{held.Fence}", async () =>
        {
            await hub.AbandonActivityAsync(held, delay, cancellationToken);
            return true;
        });

    public Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) =>
        CallAsync($"renew {orchestrations.Count} and {activities.Count}", async () =>
        {
            var lost = await hub.RenewLocksAsync(orchestrations, activities, lease, cancellationToken);
            audit.Locked();
            return lost;
        });

    public Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) =>
        CallAsync("find locks on orchestrations", () => hub.FindOrchestrationLocksAsync(workerId, cancellationToken));

    public Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        CallAsync("find locks on activities", () => hub.FindActivityLocksAsync(workerId, cancellationToken));

    public async Task WaitForWorkAsync(
        WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default)
    {
        await hub.WaitForWorkAsync(kind, only, cancellationToken);
        if (faults.Happens(faults.Plan.LostSignal))
        {
            process.World.Trace.Write($"{process.Name} misses a wake-up");
            await Task.Delay(SafetyPoll, time, cancellationToken);
        }
    }

    /// <summary>Hands out, besides what is new, something that this process got before.</summary>
    private IReadOnlyList<T> Again<T>(IReadOnlyList<T> items, List<T> before, int most)
    {
        before.AddRange(items);
        if (items.Count < most && before.Count > 0 && faults.Disrupts(faults.Plan.StaleDelivery))
        {
            process.World.Trace.Write($"{process.Name} gets something again");
            return [.. items, before[process.World.Chance.Next(before.Count)]];
        }

        return items;
    }

    /// <summary>Calls the hub, with everything that can go wrong before and after.</summary>
    /// <param name="unheard">What the hub does when its answer is lost.</param>
    internal async Task<T> CallAsync<T>(string what, Func<Task<T>> call, Action<T>? unheard = null)
    {
        process.World.Trace.Write($"{process.Name} {what}");
        await TravelAsync();
        if (process.IsWorker && faults.Kill(faults.Plan.KillBeforeCall))
        {
            await DieAsync();
        }

        if (faults.IsAway() || faults.Disrupts(faults.Plan.ErrorBeforeCall))
        {
            process.World.Trace.Write($"{process.Name} loses the connection before: {what}");
            throw new HubAwayException(what, tookEffect: false);
        }

        var result = await call();
        if (process.IsWorker && faults.Kill(faults.Plan.KillAfterCall))
        {
            await DieAsync();
        }

        if (faults.Disrupts(faults.Plan.ErrorAfterCall))
        {
            process.World.Trace.Write($"{process.Name} loses the connection after: {what}");
            unheard?.Invoke(result);
            throw new HubAwayException(what, tookEffect: true);
        }

        await TravelAsync();
        return result;
    }

    private async Task TravelAsync()
    {
        var latency = faults.Latency();
        if (latency > TimeSpan.Zero)
        {
            await Task.Delay(latency, time);
        }
        else
        {
            await Task.Yield();
        }
    }

    private Task DieAsync()
    {
        process.Kill();
        return new TaskCompletionSource().Task;
    }
}
