using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>Passes everything on: for hubs that do one thing differently.</summary>
internal abstract class PassingHub(ITaskHub hub) : ITaskHub
{
    public virtual IEntityHub Entities => hub.Entities;

    public virtual Task InitializeAsync(CancellationToken cancellationToken = default) => hub.InitializeAsync(cancellationToken);

    public virtual Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default) =>
        hub.CreateInstanceAsync(instance, reusableStatuses, cancellationToken);

    public virtual Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default) =>
        hub.SendMessageAsync(instanceId, message, cancellationToken);

    public virtual Task<InstanceState?> GetInstanceAsync(
        string instanceId, bool withPayloads, CancellationToken cancellationToken = default) =>
        hub.GetInstanceAsync(instanceId, withPayloads, cancellationToken);

    public virtual Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default) =>
        hub.QueryInstancesAsync(query, cancellationToken);

    public virtual Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        hub.GetHistoryAsync(instanceId, cancellationToken);

    public virtual Task<int> PurgeInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
        hub.PurgeInstancesAsync(instanceIds, cancellationToken);

    public virtual Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) => hub.CountInstancesAsync(query, cancellationToken);

    public virtual Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        hub.PurgeExpiredAsync(timeToLive, maxCount, cancellationToken);

    public virtual Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public virtual Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public virtual IInstanceWatch WatchInstance(string instanceId) => hub.WatchInstance(instanceId);

    public virtual Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default) =>
        hub.LockOrchestrationsAsync(request, cancellationToken);

    public virtual Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
        hub.CommitTurnAsync(turn, cancellationToken);

    public virtual Task AbandonOrchestrationAsync(
        OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        hub.AbandonOrchestrationAsync(held, delay, cancellationToken);

    public virtual Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(
        LockRequest request, CancellationToken cancellationToken = default) =>
        hub.LockActivitiesAsync(request, cancellationToken);

    public virtual Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default) =>
        hub.CompleteActivityAsync(held, outcome, cancellationToken);

    public virtual Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        hub.AbandonActivityAsync(held, delay, cancellationToken);

    public virtual Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) => hub.RenewLocksAsync(orchestrations, activities, lease, cancellationToken);

    public virtual Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) =>
        hub.FindOrchestrationLocksAsync(workerId, cancellationToken);

    public virtual Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(
        string workerId, CancellationToken cancellationToken = default) => hub.FindActivityLocksAsync(workerId, cancellationToken);

    public virtual Task WaitForWorkAsync(
        WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default) =>
        hub.WaitForWorkAsync(kind, only, cancellationToken);
}
