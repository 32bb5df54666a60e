using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.DurableTask.Client.Tests;

/// <summary>The client's half of a hub, in memory. The test plays the worker: it sets states and answers messages.</summary>
internal sealed class FakeTaskHub(TimeProvider time) : ITaskHub
{
    private readonly Dictionary<string, InstanceState> _instances = new(StringComparer.Ordinal);
    private readonly List<Watch> _watches = [];

    public List<NewInstance> Created { get; } = [];

    public List<(string InstanceId, HistoryEvent Message)> Sent { get; } = [];

    public List<IReadOnlyCollection<string>> Purges { get; } = [];

    public List<InstanceQuery> Queries { get; } = [];

    /// <summary>What a worker would do on a message.</summary>
    public Action<string, HistoryEvent> OnMessage { get; set; } = (_, _) => { };

    /// <summary>Runs before each page of a query.</summary>
    public Action OnQuery { get; set; } = () => { };

    /// <summary>Completes when the next wait on a watch begins.</summary>
    public TaskCompletionSource Waiting { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Dictionary<string, IReadOnlyList<HistoryEvent>> Histories { get; } = new(StringComparer.Ordinal);

    public bool Has(string instanceId) => _instances.ContainsKey(instanceId);

    public void Set(string instanceId, OrchestrationStatus status, Func<InstanceState, InstanceState>? change = null)
    {
        var state = _instances.GetValueOrDefault(instanceId) ?? new InstanceState
        {
            InstanceId = instanceId,
            ExecutionId = "execution",
            Name = "Heal",
            Status = status,
            CreatedAt = time.GetUtcNow(),
            UpdatedAt = time.GetUtcNow(),
        };
        _instances[instanceId] = (change ?? (same => same))(state with { Status = status });
        Signal(instanceId);
    }

    /// <summary>The watches are told that the instance is (or was) like this; what is stored stays.</summary>
    public void Tell(string instanceId, Func<InstanceState, InstanceState> change)
    {
        _watches.Where(watch => watch.InstanceId == instanceId).ToList().ForEach(
            watch => watch.Known = change(_instances[instanceId]));
        Signal(instanceId);
    }

    public void Remove(string instanceId)
    {
        _instances.Remove(instanceId);
        Signal(instanceId);
    }

    public IEntityHub Entities => throw new NotSupportedException();

    public Task InitializeAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_instances.Remove(instance.InstanceId, out var existing) && !reusableStatuses.Contains(existing.Status))
        {
            _instances.Add(existing.InstanceId, existing);
            throw new OrchestrationAlreadyExistsException($"'{instance.InstanceId}' is {existing.Status}");
        }

        Created.Add(instance);
        var start = instance.Start;
        Set(instance.InstanceId, OrchestrationStatus.Pending, state => state with { Name = start.Name, Input = start.Input });
        return Task.CompletedTask;
    }

    public Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default)
    {
        Sent.Add((instanceId, message));
        var accepted = _instances.TryGetValue(instanceId, out var state) && !state.Status.IsTerminal();
        if (accepted)
        {
            OnMessage(instanceId, message);
        }

        return Task.FromResult(accepted);
    }

    public Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken = default)
    {
        var state = _instances.GetValueOrDefault(instanceId);
        return Task.FromResult(withPayloads || state is null ? state : state with { Input = null, Output = null, CustomStatus = null });
    }

    public Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default)
    {
        OnQuery();
        Queries.Add(query);
        var found = _instances.Values
            .Where(state => query.Statuses is null || query.Statuses.Contains(state.Status))
            .Where(state => query.ParentInstanceId is null || state.ParentInstanceId == query.ParentInstanceId)
            .Where(state => query.InstanceIdPrefix is null || state.InstanceId.StartsWith(query.InstanceIdPrefix, StringComparison.Ordinal))
            .Where(state => state.CreatedAt >= (query.CreatedFrom ?? DateTimeOffset.MinValue))
            .Where(state => state.CreatedAt <= (query.CreatedTo ?? DateTimeOffset.MaxValue))
            .Where(state => !query.ByCompletion || (state.CompletedAt >= (query.CompletedFrom ?? DateTimeOffset.MinValue)
                && state.CompletedAt <= (query.CompletedTo ?? DateTimeOffset.MaxValue)))
            .OrderBy(state => state.InstanceId, StringComparer.Ordinal)
            .Where(state => query.ContinuationToken is null || string.CompareOrdinal(state.InstanceId, query.ContinuationToken) > 0)
            .ToList();
        var page = found.Take(query.PageSize).ToList();
        return Task.FromResult(new InstancePage(page, found.Count > page.Count ? page[^1].InstanceId : null));
    }

    public Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        Task.FromResult(Histories.GetValueOrDefault(instanceId));

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default)
    {
        Purges.Add(instanceIds);
        var ended = instanceIds.Where(id => _instances.TryGetValue(id, out var state) && state.Status.IsTerminal()).ToList();
        ended.ForEach(id => _instances.Remove(id));
        return Task.FromResult(ended.Count);
    }

    public IInstanceWatch WatchInstance(string instanceId)
    {
        var watch = new Watch(this, instanceId);
        _watches.Add(watch);
        return watch;
    }

    public Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(LockRequest request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task WaitForWorkAsync(WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    private void Signal(string instanceId) =>
        _watches.Where(watch => watch.InstanceId == instanceId).ToList().ForEach(watch => watch.Set());

    private sealed class Watch(FakeTaskHub hub, string instanceId) : IInstanceWatch
    {
        public InstanceState? Known { get; set; }

        private readonly SemaphoreSlim _changed = new(0);

        public string InstanceId => instanceId;

        public void Set() => _changed.Release();

        public Task WaitAsync(CancellationToken cancellationToken = default)
        {
            var waited = _changed.WaitAsync(cancellationToken);
            hub.Waiting.TrySetResult();
            return waited;
        }

        public void Dispose() => hub._watches.Remove(this);
    }
}
