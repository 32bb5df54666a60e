using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>
/// What one or more <see cref="InMemoryTaskHub"/> objects store, as several processes would share a database. It dies with the process.
/// </summary>
public sealed class InMemoryStorage
{
    private readonly List<Action<WorkKind>> _workListeners = [];
    private readonly List<Action<string>> _changeListeners = [];
    private long _lastId;

    internal Lock Gate { get; } = new();

    internal Dictionary<string, StoredInstance> Instances { get; } = new(StringComparer.Ordinal);

    internal SortedDictionary<long, StoredActivity> Activities { get; } = [];

    internal Dictionary<string, StoredEntity> Entities { get; } = new(StringComparer.Ordinal);

    internal StoredPayloads Payloads { get; } = new();

    internal long NextId() => ++_lastId;

    internal void Listen(Action<WorkKind> work, Action<string> instanceChanged)
    {
        lock (Gate)
        {
            _workListeners.Add(work);
            _changeListeners.Add(instanceChanged);
        }
    }

    internal void SignalWork(WorkKind kind) => _workListeners.ForEach(listener => listener(kind));

    /// <summary>Whether the last looks found something that waits for a place under a limit.</summary>
    internal bool ActivitiesWait { get; set; }

    internal bool InstancesWait { get; set; }

    /// <summary>Wakes whoever looks for what waits for a place: who freed it may not come to that.</summary>
    internal void SignalFreedPlace(WorkKind kind)
    {
        if (kind == WorkKind.Activity ? ActivitiesWait : InstancesWait)
        {
            ActivitiesWait &= kind != WorkKind.Activity;
            InstancesWait &= kind == WorkKind.Activity;
            SignalWork(kind);
        }
    }

    internal void SignalChange(string instanceId) => _changeListeners.ForEach(listener => listener(instanceId));

    /// <summary>Creates an instance, or puts it into the place of another one with the same id.</summary>
    internal void Create(NewInstance created, string startEvent, DateTimeOffset now)
    {
        var start = created.Start;
        var startsAt = start.ScheduledStartTime is { } scheduled && ToUtc(scheduled) > now ? ToUtc(scheduled) : now;
        var replaced = Instances.GetValueOrDefault(created.InstanceId);
        RemoveActivities(created.InstanceId);
        var instance = new StoredInstance
        {
            State = new InstanceState
            {
                InstanceId = created.InstanceId,
                ExecutionId = created.ExecutionId,
                Name = start.Name,
                Version = start.Version,
                Status = global::DurableTask.Core.OrchestrationStatus.Pending,
                CreatedAt = now,
                UpdatedAt = now,
                ParentInstanceId = start.ParentInstance?.OrchestrationInstance.InstanceId,
                Tags = HistorySerializer.DeserializeTags(HistorySerializer.SerializeTags(start.Tags)),
                Input = start.Input,
            },
            StartsAt = startsAt,
            // A worker that still holds the replaced instance must not be able to commit.
            Fence = (replaced?.Fence ?? 0) + 1,
        };
        Instances[created.InstanceId] = instance;
        SignalFreedPlace(WorkKind.Orchestration);
        Post(instance, null, startEvent, startsAt);
        SignalChange(created.InstanceId);
    }

    /// <summary>Puts a message into an inbox, not to be seen before the instance's scheduled start.</summary>
    internal void Post(StoredInstance target, string? executionId, string message, DateTimeOffset visibleAt, int? timerId = null)
    {
        var visible = visibleAt > target.StartsAt ? visibleAt : target.StartsAt;
        target.Inbox.Add(new StoredMessage(NextId(), executionId, visible, timerId, message));
        SignalWork(WorkKind.Orchestration);
    }

    /// <summary>Puts a message into the inbox of an entity, which comes to be with it.</summary>
    internal void Post(OutgoingEntityMessage sent, string message, DateTimeOffset now)
    {
        if (!Entities.TryGetValue(sent.EntityId, out var entity))
        {
            Entities.Add(sent.EntityId, entity = new StoredEntity { EntityId = sent.EntityId, UpdatedAt = now });
        }

        var due = sent.Message.DueAt is { } scheduled && ToUtc(scheduled) > now ? ToUtc(scheduled) : now;
        entity.Inbox.Add(new StoredEntityMessage(NextId(), due, message));
        SignalWork(WorkKind.Entity);
    }

    /// <summary>Sets a failed instance running again and tells it so.</summary>
    /// <returns>False when it has not failed.</returns>
    internal bool Rewind(StoredInstance target, string message, DateTimeOffset now)
    {
        if (target.State.Status != global::DurableTask.Core.OrchestrationStatus.Failed)
        {
            return false;
        }

        target.Fence++;
        target.State = target.State with
        {
            Status = global::DurableTask.Core.OrchestrationStatus.Running,
            UpdatedAt = now,
            CompletedAt = null,
            Output = null,
            Failure = null,
        };
        Post(target, null, message, now);
        SignalChange(target.State.InstanceId);
        return true;
    }

    /// <summary>The late holders of activities must not store the outcomes from memory.</summary>
    internal void Fence(IEnumerable<StoredActivity> takenOver)
    {
        foreach (var instanceId in takenOver.Select(activity => activity.InstanceId).Distinct(StringComparer.Ordinal))
        {
            if (Instances.TryGetValue(instanceId, out var instance) && instance.LockedBy is null)
            {
                instance.Fence++;
            }
        }
    }

    internal void Remove(long activityId)
    {
        Activities.Remove(activityId);
        SignalFreedPlace(WorkKind.Activity);
    }

    internal void RemoveActivities(string instanceId)
    {
        foreach (var id in Activities.Values.Where(activity => activity.InstanceId == instanceId).Select(activity => activity.Id).ToArray())
        {
            Remove(id);
        }
    }

    internal static DateTimeOffset ToUtc(DateTime time) =>
        new(time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
