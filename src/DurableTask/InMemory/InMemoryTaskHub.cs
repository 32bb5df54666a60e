using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;

namespace Microsoft.DurableTask.InMemory;

/// <summary>
/// A task hub without storage, for tests and for trying things out: the same rules as every hub, one lock, nothing survives the process.
/// Due times are those of the given clock, so a test that owns the clock owns the timers.
/// </summary>
public sealed class InMemoryTaskHub : ITaskHub, IPayloadStore
{
    /// <summary>The most messages that one work item carries; more stay for the next turn.</summary>
    public const int MaxMessagesPerTurn = 1000;

    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan ClockLeap = TimeSpan.FromMilliseconds(100);
    private readonly TimeProvider _time;
    private readonly InMemoryStorage _storage;
    private readonly WorkSignal _orchestrationSignal = new();
    private readonly WorkSignal _activitySignal = new();
    private readonly WorkSignal _entitySignal = new();
    private readonly InstanceWatchers _watchers;
    private static readonly InstanceQuery ByCreation = new();

    private PageToken? _expiryLooked;

    /// <summary>Creates a hub.</summary>
    /// <param name="timeProvider">The hub's clock.</param>
    /// <param name="storage">Shared by hub objects that stand for several processes; null for a storage of its own.</param>
    public InMemoryTaskHub(TimeProvider timeProvider, InMemoryStorage? storage = null)
    {
        _time = timeProvider;
        _storage = storage ?? new InMemoryStorage();
        Entities = new InMemoryEntityHub(timeProvider, _storage);
        _watchers = new InstanceWatchers(timeProvider, Timeout.InfiniteTimeSpan);
        _storage.Listen(kind => SignalOf(kind).Set(), id => _watchers.Changed(id));
    }

    public IEntityHub Entities { get; }

    public Task InitializeAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default)
    {
        var start = HistorySerializer.Serialize(instance.Start);
        return Locked(now =>
        {
            if (_storage.Instances.TryGetValue(instance.InstanceId, out var existing) && !reusableStatuses.Contains(existing.State.Status))
            {
                throw HubErrors.InstanceExists(instance.InstanceId, existing.State.Status);
            }

            _storage.Create(instance, start, now);
            return true;
        });
    }

    public Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default)
    {
        var stored = HistorySerializer.Serialize(message);
        return Locked(now =>
        {
            if (!_storage.Instances.TryGetValue(instanceId, out var target))
            {
                return false;
            }

            if (message is ExecutionRewoundEvent)
            {
                return _storage.Rewind(target, stored, now);
            }

            if (target.State.Status.IsTerminal())
            {
                return false;
            }

            _storage.Post(target, null, stored, now);
            BringStartForward(target, message, now);
            return true;
        });
    }

    public Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken = default) =>
        Locked(_ => _storage.Instances.TryGetValue(instanceId, out var instance) ? View(instance, withPayloads) : null);

    public Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default)
    {
        var after = PageToken.Parse(query.ContinuationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        return Locked(_ =>
        {
            var found = _storage.Instances.Values
                .Where(instance => Matches(instance.State, query) && IsAfter(instance.State, query, after))
                .OrderBy(instance => OrderOf(instance.State, query))
                .ThenBy(instance => instance.State.InstanceId, StringComparer.Ordinal)
                .Take(size + 1)
                .Select(instance => View(instance, query.WithPayloads))
                .ToList();
            if (found.Count <= size)
            {
                return new InstancePage(found, null);
            }

            found.RemoveAt(size);
            return new InstancePage(found, new PageToken(OrderOf(found[^1], query), found[^1].InstanceId).ToString());
        });
    }

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<InstanceCount>>(_ =>
        [.. _storage.Instances.Values
            .Where(instance => Matches(instance.State, new InstanceQuery(Statuses: query.Statuses, Name: query.Name)))
            .GroupBy(instance => (instance.State.Name, instance.State.Status))
            .Select(group => new InstanceCount(group.Key.Name, group.Key.Status, group.LongCount(), IsEstimate: false))]);

    public Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<HistoryEvent>?>(_ => _storage.Instances.TryGetValue(instanceId, out var instance)
            ? instance.History.ConvertAll(HistorySerializer.ReadEvent)
            : null);

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
        Locked(_ => instanceIds.Distinct(StringComparer.Ordinal).Count(id =>
        {
            if (!_storage.Instances.TryGetValue(id, out var instance) || !instance.State.Status.IsTerminal())
            {
                return false;
            }

            _storage.Instances.Remove(id);
            _storage.Payloads.RemoveOf(id);
            _storage.SignalChange(id);
            return true;
        }));

    public Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        Locked(now =>
        {
            var looked = _storage.Instances.Values
                .Where(instance => IsAfter(instance.State, ByCreation, _expiryLooked))
                .OrderBy(instance => instance.State.CreatedAt)
                .ThenBy(instance => instance.State.InstanceId, StringComparer.Ordinal)
                .Take(maxCount)
                .ToArray();
            var ended = looked.Where(instance => IsExpired(instance, timeToLive, now)).ToArray();
            foreach (var instance in ended)
            {
                _storage.Instances.Remove(instance.State.InstanceId);
                _storage.Payloads.RemoveOf(instance.State.InstanceId);
                _storage.SignalChange(instance.State.InstanceId);
            }

            var isLast = looked.Length < maxCount;
            _expiryLooked = isLast ? null : new PageToken(looked[^1].State.CreatedAt, looked[^1].State.InstanceId);
            return new ExpiryRound(ended.Length, isLast);
        });

    public IInstanceWatch WatchInstance(string instanceId) => _watchers.Watch(instanceId);

    public Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<OrchestrationWorkItem>>(now =>
        {
            var due = _storage.Instances.Values
                .Where(instance => instance.LockedUntil <= now && Passes(request.Only, instance))
                .Select(instance => (Instance: instance, Message: instance.Visible(now).FirstOrDefault()))
                .Where(candidate => candidate.Message is not null)
                .OrderBy(candidate => candidate.Message!.VisibleAt)
                .ThenBy(candidate => candidate.Message!.Id)
                .Select(candidate => candidate.Instance);
            var found = request.Limits is null
                ? due.Take(request.MaxCount).ToList()
                : Places.Take(due.ToArray(), _storage, request, now);
            SignalIfFull(WorkKind.Orchestration, found.Count, request);
            return found.ConvertAll(instance => LockInstance(instance, request, now));
        });

    public Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
    {
        var writer = new TurnWriter(turn);
        return Locked(now => writer.Apply(_storage, now));
    }

    public Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        Locked(now =>
        {
            if (!IsHeld(held, out var instance))
            {
                return false;
            }

            instance.LockedBy = null;
            instance.LockedUntil = now + delay;
            _storage.SignalWork(WorkKind.Orchestration);
            return true;
        });

    public Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(
        LockRequest request, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<ActivityWorkItem>>(now =>
        {
            var wanted = _storage.Activities.Values.Where(activity => Passes(request.Only, activity));
            var due = request.Limits is null
                ? wanted.Where(activity => activity.VisibleAt <= now).Take(request.MaxCount).ToList()
                : Places.Take(wanted, _storage, request, now);
            SignalIfFull(WorkKind.Activity, due.Count, request);
            _storage.Fence(due.Where(activity => activity.LockedBy is not null));
            due.ForEach(activity => activity.Lock(request.WorkerId, now + request.Lease));
            return due.ConvertAll(ToWorkItem);
        });

    public Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default)
    {
        var stored = HistorySerializer.Serialize(outcome);
        return Locked(now =>
        {
            if (!_storage.Activities.TryGetValue(held.ActivityId, out var activity) || !activity.IsHeldBy(held))
            {
                throw WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId);
            }

            _storage.Remove(held.ActivityId);
            _storage.Post(_storage.Instances[activity.InstanceId], activity.ExecutionId, stored, now);
            return true;
        });
    }

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) => Locked(now =>
    {
        if (!_storage.Activities.TryGetValue(held.ActivityId, out var activity) || !activity.IsHeldBy(held))
        {
            return false;
        }

        activity.LockedBy = null;
        activity.DeliveryCount--;
        activity.VisibleAt = now + delay;
        _storage.SignalWork(WorkKind.Activity);
        return true;
    });

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        Locked(_ => IsHeld(held, out var instance)
            ? instance.LostAttempts = lostAttempts
            : throw WorkItemLockLostException.ForInstance(held.InstanceId));

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        Locked(_ => _storage.Activities.TryGetValue(held.ActivityId, out var activity) && activity.IsHeldBy(held)
            ? activity.LostAttempts = lostAttempts
            : throw WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId));

    public Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) => Locked(now =>
        {
            var lostOrchestrations = orchestrations.Where(held =>
            {
                var isHeld = IsHeld(held, out var instance);
                if (isHeld)
                {
                    instance.LockedUntil = now + lease;
                }

                return !isHeld;
            }).ToArray();
            var lostActivities = activities.Where(held =>
            {
                var isHeld = _storage.Activities.TryGetValue(held.ActivityId, out var activity) && activity.IsHeldBy(held);
                if (isHeld)
                {
                    activity!.VisibleAt = now + lease;
                }

                return !isHeld;
            }).ToArray();
            return new LostLocks(lostOrchestrations, lostActivities);
        });

    public Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<OrchestrationLock>>(now =>
        [.. _storage.Instances.Values
            .Where(instance => instance.LockedBy == workerId && instance.LockedUntil > now)
            .Select(instance => new OrchestrationLock(instance.State.InstanceId, workerId, instance.Fence))]);

    public Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<ActivityLock>>(now =>
        [.. _storage.Activities.Values
            .Where(activity => activity.LockedBy == workerId && activity.VisibleAt > now)
            .Select(LockOf)]);

    public Task PutPayloadsAsync(IReadOnlyCollection<StoredPayload> payloads, CancellationToken cancellationToken = default) =>
        Locked(now =>
        {
            _storage.Payloads.Put(payloads, now);
            _storage.Payloads.Sweep(_storage, now - IPayloadStore.Grace);
            return true;
        });

    public Task<IReadOnlyDictionary<string, byte[]>> GetPayloadsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default) => Locked(_ => _storage.Payloads.Get(ids));

    public async Task WaitForWorkAsync(
        WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default)
    {
        var signal = SignalOf(kind);
        await using var timer = _time.CreateTimer(_ => signal.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (await Locked(_ => NextDue(kind, only)) is { } due)
        {
            if (due <= _time.GetUtcNow())
            {
                return;
            }

            SetAlarm(timer, due);
        }

        await signal.WaitAsync(Timeout.InfiniteTimeSpan, _time, cancellationToken);
    }

    internal static ActivityWorkItem ToWorkItem(StoredActivity activity) => ActivityWorkItem.Read(
        LockOf(activity), activity.ExecutionId, activity.Event, activity.DeliveryCount, activity.LostAttempts);

    private static ActivityLock LockOf(StoredActivity activity) =>
        new(activity.Id, activity.InstanceId, activity.TaskId, activity.LockedBy!, activity.Fence);

    /// <summary>A termination does not wait for a scheduled start: everything that waits for it becomes visible now.</summary>
    internal static void BringStartForward(StoredInstance target, HistoryEvent message, DateTimeOffset now)
    {
        if (message is ExecutionTerminatedEvent && target.StartsAt > now)
        {
            target.Inbox = target.Inbox.ConvertAll(waiting => waiting with { VisibleAt = now });
            target.StartsAt = now;
        }
    }

    private bool IsExpired(
        StoredInstance instance, IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, DateTimeOffset now) =>
        timeToLive.TryGetValue(instance.State.Status, out var kept)
        && instance.State.CompletedAt < now - kept
        && !(instance.State.ParentInstanceId is { } parentId
            && _storage.Instances.TryGetValue(parentId, out var parent)
            && (parent.State.Status.IsTerminal()
                || parent.History.Exists(entry => entry.Contains($"\"{instance.State.InstanceId}\"", StringComparison.Ordinal))));

    private static OrchestrationWorkItem LockInstance(StoredInstance instance, LockRequest request, DateTimeOffset now)
    {
        instance.Fence++;
        instance.LostAttempts += instance.LockedBy is not null && instance.LostAttempts < 2 ? 1 : 0;
        instance.LockedBy = request.WorkerId;
        instance.LockedUntil = now + request.Lease;
        return new OrchestrationWorkItem(
            new OrchestrationLock(instance.State.InstanceId, request.WorkerId, instance.Fence),
            instance.State,
            instance.History.Count,
            [.. MessagesFor(instance, request, now).Select(
                message => new InboxMessage(message.Id, message.ExecutionId, HistorySerializer.ReadEvent(message.Event)))],
            instance.LostAttempts);
    }

    /// <summary>Of what is locked only to be terminated, what asks for that and the start: more may wait before it than a turn
    /// takes.</summary>
    private static IEnumerable<StoredMessage> MessagesFor(StoredInstance instance, LockRequest request, DateTimeOffset now) =>
        instance.Visible(now)
            .Where(request.Only is null || PassesByName(request.Only, instance)
                ? static _ => true
                : static message => message.Is(EventType.ExecutionTerminated) || message.Is(EventType.ExecutionStarted))
            .Take(MaxMessagesPerTurn);

    /// <summary>May be in the past: what came due since the caller looked for work must end the wait at once.</summary>
    private DateTimeOffset? NextDue(WorkKind kind, IReadOnlyList<WorkFilter>? only)
    {
        var times = kind switch
        {
            WorkKind.Activity => _storage.Activities.Values
                .Where(activity => !activity.WaitsForPlace && Passes(only, activity))
                .Select(activity => (DateTimeOffset?)activity.VisibleAt),
            WorkKind.Entity => _storage.Entities.Values
                .Where(entity => entity.Inbox.Exists(message => message.VisibleAt is not null) && entity.Passes(only))
                .Select(entity => (DateTimeOffset?)Later(entity.LockedUntil, entity.Inbox.Min(message => message.VisibleAt)!.Value)),
            _ => _storage.Instances.Values
                .Where(instance => instance.Inbox.Count > 0 && !instance.WaitsForPlace && Passes(only, instance))
                .Select(instance => (DateTimeOffset?)Later(instance.LockedUntil, instance.Inbox.Min(message => message.VisibleAt))),
        };
        return times.Min();
    }

    /// <summary>A test's clock may leap between reading it and setting the timer, which would then ring too late: look again.</summary>
    private void SetAlarm(ITimer timer, DateTimeOffset due)
    {
        DateTimeOffset before;
        do
        {
            before = _time.GetUtcNow();
            var delay = due - before;
            timer.Change(delay <= TimeSpan.Zero ? TimeSpan.Zero : delay < LongestWait ? delay : LongestWait, Timeout.InfiniteTimeSpan);
        }
        while (_time.GetUtcNow() - before > ClockLeap);
    }

    private bool IsHeld(OrchestrationLock held, out StoredInstance instance) =>
        _storage.Instances.TryGetValue(held.InstanceId, out instance!)
        && instance.Fence == held.Fence
        && instance.LockedBy == held.WorkerId;

    /// <summary>A full answer hints at more of the same: another waiting worker, or the next wait of this one, must not sleep on
    /// it.</summary>
    private void SignalIfFull(WorkKind kind, int found, LockRequest request)
    {
        if (found == request.MaxCount)
        {
            _storage.SignalWork(kind);
        }
    }

    private WorkSignal SignalOf(WorkKind kind) => kind switch
    {
        WorkKind.Orchestration => _orchestrationSignal,
        WorkKind.Activity => _activitySignal,
        _ => _entitySignal,
    };

    private Task<T> Locked<T>(Func<DateTimeOffset, T> action)
    {
        try
        {
            lock (_storage.Gate)
            {
                return Task.FromResult(action(_time.GetUtcNow()));
            }
        }
        catch (Exception exception)
        {
            return Task.FromException<T>(exception);
        }
    }

    private static InstanceState View(StoredInstance instance, bool withPayloads) =>
        withPayloads ? instance.State : instance.State with { Input = null, Output = null, CustomStatus = null };

    private static bool Matches(InstanceState state, InstanceQuery query) =>
        (query.CreatedFrom is not { } from || state.CreatedAt >= from)
        && (query.CreatedTo is not { } to || state.CreatedAt <= to)
        && (query.Statuses is not { } statuses || statuses.Contains(state.Status))
        && (query.InstanceIdPrefix is not { } prefix || state.InstanceId.StartsWith(prefix, StringComparison.Ordinal))
        && (query.Name is not { } name || string.Equals(state.Name, name, StringComparison.OrdinalIgnoreCase))
        && (query.ParentInstanceId is not { } parent || state.ParentInstanceId == parent)
        && (!query.ByCompletion || state.CompletedAt is { } ended && ended >= (query.CompletedFrom ?? ended)
            && ended <= (query.CompletedTo ?? ended))
        && (query.Tags is not { } tags || tags.All(tag => state.Tags.TryGetValue(tag.Key, out var value) && value == tag.Value));

    private static bool IsAfter(InstanceState state, InstanceQuery query, PageToken? token) =>
        token is not { } after
        || OrderOf(state, query) > after.At
        || (OrderOf(state, query) == after.At && string.CompareOrdinal(state.InstanceId, after.InstanceId) > 0);

    private static DateTimeOffset OrderOf(InstanceState state, InstanceQuery query) =>
        query.ByCompletion ? state.CompletedAt!.Value : state.CreatedAt;

    /// <summary>What is to be terminated is for everybody: nobody may ever come who takes it to run.</summary>
    private static bool Passes(IReadOnlyList<WorkFilter>? only, StoredInstance instance) =>
        only is null || PassesByName(only, instance) || instance.IsToBeTerminated;

    private static bool PassesByName(IReadOnlyList<WorkFilter> only, StoredInstance instance) =>
        only.Any(filter => filter.Passes(instance.State.Name, instance.State.Version));

    private static bool Passes(IReadOnlyList<WorkFilter>? only, StoredActivity activity) =>
        only is null || only.Any(filter => filter.Passes(activity.Name, activity.Version));

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
