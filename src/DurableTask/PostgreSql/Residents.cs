using System.Collections.Concurrent;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The instances that live in the memory of this process's workers, as far as the hub has to know: which of their activities run without a
/// row, and whether their start has none. It decides what a turn leaves behind, and answers who reports an outcome twice. What the
/// database says of an instance's residence counts; this here is only what this process has put there.
/// </summary>
internal sealed class Residents(TimeProvider timeProvider)
{
    private static readonly Dictionary<string, string> NoTags = [];

    private readonly ConcurrentDictionary<string, Resident> _byId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string InstanceId, string WorkerId), long> _doubtful = new();

    /// <summary>When activities without rows were last renewed, or first found open by a look.</summary>
    private readonly ConcurrentDictionary<ActivityLock, long> _renewed = new();

    /// <summary>The activity id of the lock on an activity that has no row.</summary>
    public const long NoRow = 0;

    /// <summary>An instance begins here.</summary>
    public void Begin(NewInstance created, string workerId, DateTimeOffset createdAt) =>
        _byId[created.InstanceId] = new Resident(created.ExecutionId, workerId)
        {
            Start = created,
            State = StateOf(created, createdAt),
        };

    /// <summary>A new instance.</summary>
    public static InstanceState StateOf(NewInstance created, DateTimeOffset createdAt) => new()
    {
        InstanceId = created.InstanceId,
        ExecutionId = created.ExecutionId,
        Name = created.Start.Name,
        Version = created.Start.Version,
        Status = OrchestrationStatus.Pending,
        CreatedAt = createdAt,
        UpdatedAt = createdAt,
        ParentInstanceId = created.Start.ParentInstance?.OrchestrationInstance.InstanceId,
        Tags = created.Start.Tags is { } tags ? new Dictionary<string, string>(tags, StringComparer.Ordinal) : NoTags,
        Input = created.Start.Input,
    };

    /// <summary>What an instance that began here, and has lived here since, was last stored as; null for every other.</summary>
    public InstanceState? StateOf(string instanceId) => _byId.TryGetValue(instanceId, out var resident) ? resident.State : null;

    /// <summary>The start that has no message yet; null when it was stored, or the instance does not live here.</summary>
    public NewInstance? StartOf(OrchestrationLock held) =>
        _byId.TryGetValue(held.InstanceId, out var resident) && resident.WorkerId == held.WorkerId ? resident.Start : null;

    /// <summary>True when activities without rows are still open after a turn that ends or starts these, or may be: a commit of unknown
    /// outcome may have started some, which only who finds the instance in the worker's memory looks for.</summary>
    public bool StaysAfter(TurnCommit turn) =>
        turn.ClaimActivities > 0
        || _doubtful.ContainsKey((turn.Lock.InstanceId, turn.Lock.WorkerId))
        || (Find(turn.Lock.InstanceId, turn.ExecutionId, turn.Lock.WorkerId) is { } resident
            && resident.HasOthersThan(turn.FinishedActivities));

    /// <summary>True when the turn's instance lives in its worker's memory already.</summary>
    public bool IsAt(TurnCommit turn) => Find(turn.Lock.InstanceId, turn.ExecutionId, turn.Lock.WorkerId) is not null;

    /// <summary>True unless the turn certainly leaves status and custom status as they were.</summary>
    public bool MayChange(TurnCommit turn) =>
        StateOf(turn.Lock.InstanceId) is not { } before
        || before.Status != turn.Status
        || !string.Equals(before.CustomStatus, turn.CustomStatus, StringComparison.Ordinal);

    /// <summary>A turn was stored: what it finished is over, what it claimed is open.</summary>
    /// <returns>What the instance has become, if that is known.</returns>
    public InstanceState? Stored(TurnCommit turn, IReadOnlyList<ActivityWorkItem> claimed, DateTimeOffset now)
    {
        var id = turn.Lock.InstanceId;
        var resident = Find(id, turn.ExecutionId, turn.Lock.WorkerId);
        var state = resident?.State is { } before && turn.ContinueAs is null
            ? before with
            {
                Status = turn.Status,
                UpdatedAt = now,
                CompletedAt = turn.Status.IsTerminal() ? now : null,
                CustomStatus = turn.CustomStatus,
                Output = turn.Output,
                Failure = turn.Failure,
            }
            : null;
        if (turn.Status.IsTerminal() || turn.ContinueAs is not null)
        {
            _byId.TryRemove(id, out _);
            return state;
        }

        if (claimed.Any(item => item.Lock.ActivityId == NoRow))
        {
            resident ??= _byId[id] = new Resident(turn.ExecutionId, turn.Lock.WorkerId);
            resident.Lease = turn.ClaimLease;
        }

        if (resident is not null)
        {
            resident.State = state;
            if (resident.Stored(turn.FinishedActivities, claimed))
            {
                _byId.TryRemove(new KeyValuePair<string, Resident>(id, resident));
            }
        }

        return state;
    }

    /// <summary>The instance lives elsewhere by now.</summary>
    public void Forget(string instanceId) => _byId.TryRemove(instanceId, out _);

    /// <summary>A worker has locked an instance that does not live in its memory. If it lives in that of another worker of this process,
    /// that one's activities stay there; what the instance becomes is not known here any more.</summary>
    public void Locked(string instanceId, string? residentAt)
    {
        if (!_byId.TryGetValue(instanceId, out var resident))
        {
            return;
        }

        if (resident.WorkerId == residentAt)
        {
            resident.State = null;
        }
        else
        {
            _byId.TryRemove(KeyValuePair.Create(instanceId, resident));
        }
    }

    /// <summary>Their worker says that it still has these.</summary>
    public void Renewed(IEnumerable<ActivityLock> locks)
    {
        var now = timeProvider.GetTimestamp();
        foreach (var held in locks)
        {
            _renewed[held] = now;
        }
    }

    /// <summary>
    /// Doubts the instances of activities that their worker has not renewed for a whole lease: it lives, and its lease is extended by
    /// whatever else it does, but these it has lost sight of. So the lock on an activity ends with its lease, with a row or without.
    /// </summary>
    public void DoubtForgotten()
    {
        var now = timeProvider.GetTimestamp();
        var open = new HashSet<ActivityLock>();
        foreach (var resident in _byId.Values)
        {
            foreach (var held in resident.OpenLocks())
            {
                open.Add(held);
                if (timeProvider.GetElapsedTime(_renewed.GetOrAdd(held, now), now) > resident.Lease)
                {
                    Doubt(held.InstanceId, held.WorkerId);
                }
            }
        }

        foreach (var held in _renewed.Keys.Where(held => !open.Contains(held)))
        {
            _renewed.TryRemove(held, out _);
        }
    }

    /// <summary>
    /// A commit's outcome is not known: if it was stored, something may live in the worker's memory that the worker does not know of.
    /// It is taken from there by <see cref="ResidentReclaimer"/>. An id that cannot be stored was not, and would fail every look.
    /// </summary>
    public void Doubt(string instanceId, string? workerId)
    {
        if (workerId is not null && Refusals.CanBeStored(instanceId))
        {
            _doubtful[(instanceId, workerId)] = timeProvider.GetTimestamp();
        }
    }

    /// <summary>Those in doubt.</summary>
    public IReadOnlyCollection<ResidentDoubt> Doubtful =>
        _doubtful.IsEmpty ? [] : [.. _doubtful.Select(pair => new ResidentDoubt(pair.Key.InstanceId, pair.Key.WorkerId, pair.Value))];

    /// <summary>How long a doubt is known.</summary>
    public TimeSpan AgeOf(ResidentDoubt doubt) => timeProvider.GetElapsedTime(doubt.RaisedAt);

    /// <summary>What was in doubt has rows now, if it was stored at all.</summary>
    public void Settle(IEnumerable<ResidentDoubt> settled)
    {
        foreach (var doubt in settled)
        {
            // One that was raised again meanwhile stays.
            if (_doubtful.TryRemove(KeyValuePair.Create((doubt.InstanceId, doubt.WorkerId), doubt.RaisedAt)))
            {
                Forget(doubt.InstanceId);
            }
        }
    }

    /// <summary>The open activity of a lock; null when its outcome is known, or its instance does not live here any more.</summary>
    public (string ExecutionId, TaskScheduledEvent Task)? Open(ActivityLock held) =>
        _byId.TryGetValue(held.InstanceId, out var resident) && resident.WorkerId == held.WorkerId && resident.Find(held) is { } task
            ? (resident.ExecutionId, task)
            : null;

    /// <summary>An activity was reported, or given a row, apart from a turn.</summary>
    public void Close(ActivityLock held)
    {
        if (_byId.TryGetValue(held.InstanceId, out var resident))
        {
            resident.Close(held);
        }
    }

    private Resident? Find(string instanceId, string executionId, string workerId) =>
        _byId.TryGetValue(instanceId, out var resident) && resident.ExecutionId == executionId && resident.WorkerId == workerId
            ? resident
            : null;

    private sealed class Resident(string executionId, string workerId)
    {
        private readonly Dictionary<int, ActivityWorkItem> _open = [];

        public string ExecutionId => executionId;

        public string WorkerId => workerId;

        public NewInstance? Start { get; set; }

        public InstanceState? State { get; set; }

        /// <summary>How long its activities are good for unless renewed.</summary>
        public TimeSpan Lease { get; set; }

        public ActivityLock[] OpenLocks()
        {
            lock (_open)
            {
                return [.. _open.Values.Select(item => item.Lock)];
            }
        }

        public bool HasOthersThan(IReadOnlyList<ActivityLock> finished)
        {
            lock (_open)
            {
                return _open.Count > finished.Count(held => _open.TryGetValue(held.TaskId, out var item) && item.Lock == held);
            }
        }

        /// <returns>True when nothing is left.</returns>
        public bool Stored(IReadOnlyList<ActivityLock> finished, IReadOnlyList<ActivityWorkItem> claimed)
        {
            lock (_open)
            {
                Start = null;
                foreach (var held in finished)
                {
                    Remove(held);
                }

                foreach (var item in claimed)
                {
                    if (item.Lock.ActivityId == NoRow)
                    {
                        _open[item.Lock.TaskId] = item;
                    }
                }

                return _open.Count == 0;
            }
        }

        public TaskScheduledEvent? Find(ActivityLock held)
        {
            lock (_open)
            {
                return _open.TryGetValue(held.TaskId, out var item) && item.Lock == held ? item.Task : null;
            }
        }

        public void Close(ActivityLock held)
        {
            lock (_open)
            {
                Remove(held);
            }
        }

        private void Remove(ActivityLock held)
        {
            if (_open.TryGetValue(held.TaskId, out var item) && item.Lock == held)
            {
                _open.Remove(held.TaskId);
            }
        }
    }
}

/// <summary>A commit whose outcome nobody knows may have left an instance in a worker's memory.</summary>
/// <param name="RaisedAt">A timestamp of the time provider.</param>
internal sealed record ResidentDoubt(string InstanceId, string WorkerId, long RaisedAt);
