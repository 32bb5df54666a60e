using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>
/// Applies one turn. All that can throw (serialization) happens in the constructor, before anything is changed and outside of the lock,
/// so that a turn is stored as a whole or not at all.
/// </summary>
internal sealed class TurnWriter(TurnCommit turn)
{
    private readonly string[] _history = [.. turn.NewHistory.Select(HistorySerializer.Serialize)];
    private readonly string[] _activities = [.. turn.Activities.Select(HistorySerializer.Serialize)];
    private readonly string[] _timers = [.. turn.Timers.Select(HistorySerializer.Serialize)];
    private readonly string[] _starts = [.. turn.SubOrchestrations.Select(created => HistorySerializer.Serialize(created.Start))];
    private readonly string[] _messages = [.. turn.Messages.Select(message => HistorySerializer.Serialize(message.Event))];
    private readonly string[] _carried = [.. turn.CarriedEvents.Select(HistorySerializer.Serialize)];
    private readonly string[] _entityMessages = [.. turn.EntityMessages.Select(message => message.Message.Serialize())];
    private readonly string? _continueAs = turn.ContinueAs is null ? null : HistorySerializer.Serialize(turn.ContinueAs);

    public TurnReceipt Apply(InMemoryStorage storage, DateTimeOffset now)
    {
        var instance = FindLocked(storage);
        instance.Inbox.RemoveAll(message => turn.ConsumedMessages.Contains(message.Id));
        foreach (var finished in turn.FinishedActivities)
        {
            if (storage.Activities.TryGetValue(finished.ActivityId, out var activity) && activity.IsHeldBy(finished))
            {
                storage.Remove(finished.ActivityId);
            }
        }

        UpdateInstance(storage, instance, now);
        var claimed = ScheduleActivities(storage, instance, now);
        ChangeTimers(storage, instance);
        CreateSubOrchestrations(storage, instance, now);
        RewindChildren(storage, instance, now);
        SendMessages(storage, now);
        if (turn.Status.IsTerminal())
        {
            instance.Inbox.Clear();
            storage.RemoveActivities(turn.Lock.InstanceId);
            storage.SignalFreedPlace(WorkKind.Orchestration);
        }

        storage.SignalChange(turn.Lock.InstanceId);
        if (instance.Inbox.Count > 0)
        {
            storage.SignalWork(WorkKind.Orchestration);
        }

        return new TurnReceipt(instance.Fence, claimed);
    }

    private StoredInstance FindLocked(InMemoryStorage storage)
    {
        var held = turn.Lock;
        if (storage.Instances.TryGetValue(held.InstanceId, out var instance)
            && instance.Fence == held.Fence
            && instance.State.ExecutionId == turn.ExecutionId
            && instance.History.Count == turn.HistoryCount
            && (instance.LockedBy == held.WorkerId || (!turn.LockHeld && instance.LockedBy is null)))
        {
            return instance;
        }

        throw WorkItemLockLostException.ForInstance(held.InstanceId);
    }

    private void UpdateInstance(InMemoryStorage storage, StoredInstance instance, DateTimeOffset now)
    {
        instance.Fence++;
        instance.LockedBy = null;
        instance.LockedUntil = DateTimeOffset.MinValue;
        instance.LostAttempts = 0;
        instance.State = instance.State with
        {
            Status = turn.Status,
            UpdatedAt = now,
            CompletedAt = turn.Status.IsTerminal() ? now : null,
            CustomStatus = turn.CustomStatus,
            Output = turn.Output,
            Failure = HistorySerializer.DeserializeFailure(HistorySerializer.Serialize(turn.Failure)),
        };

        if (turn.ContinueAs is not { } next)
        {
            if (turn.ReplacesHistory)
            {
                instance.History.Clear();
            }

            instance.History.AddRange(_history);
            return;
        }

        instance.History.Clear();
        instance.Inbox.RemoveAll(message => message.ExecutionId is not null);
        storage.RemoveActivities(turn.Lock.InstanceId);
        instance.State = instance.State with
        {
            ExecutionId = next.OrchestrationInstance.ExecutionId,
            Name = next.Name,
            Version = next.Version,
            Input = next.Input,
        };

        // The start event comes first, then what the old execution carried over, before the messages that it left in the inbox.
        var first = instance.Inbox.Select(message => message.VisibleAt).Append(now).Min();
        foreach (var message in _carried.Prepend(_continueAs!))
        {
            storage.Post(instance, null, message, first - TimeSpan.FromTicks(1));
        }
    }

    private List<ActivityWorkItem> ScheduleActivities(InMemoryStorage storage, StoredInstance instance, DateTimeOffset now)
    {
        var claimed = new List<ActivityWorkItem>();
        for (var i = 0; i < turn.Activities.Count; i++)
        {
            var task = turn.Activities[i];
            var activity = new StoredActivity
            {
                Id = storage.NextId(),
                InstanceId = turn.Lock.InstanceId,
                ExecutionId = instance.State.ExecutionId,
                TaskId = task.EventId,
                Name = task.Name,
                Version = task.Version,
                Event = _activities[i],
                VisibleAt = now,
            };
            storage.Activities.Add(activity.Id, activity);
            if (i < turn.ClaimActivities)
            {
                activity.Lock(turn.Lock.WorkerId, now + turn.ClaimLease);
                claimed.Add(InMemoryTaskHub.ToWorkItem(activity));
            }
        }

        // For the claimed ones too: whoever waits already has to learn when their leases end.
        if (turn.Activities.Count > 0)
        {
            storage.SignalWork(WorkKind.Activity);
        }

        return claimed;
    }

    private void ChangeTimers(InMemoryStorage storage, StoredInstance instance)
    {
        instance.Inbox.RemoveAll(message => message.TimerId is { } id
            && message.ExecutionId == turn.ExecutionId && turn.CancelledTimers.Contains(id));
        for (var i = 0; i < _timers.Length; i++)
        {
            var timer = turn.Timers[i];
            storage.Post(instance, instance.State.ExecutionId, _timers[i], InMemoryStorage.ToUtc(timer.FireAt), timer.TimerId);
        }
    }

    private void CreateSubOrchestrations(InMemoryStorage storage, StoredInstance creator, DateTimeOffset now)
    {
        for (var i = 0; i < _starts.Length; i++)
        {
            var created = turn.SubOrchestrations[i];
            if (storage.Instances.TryGetValue(created.InstanceId, out var existing) && !existing.State.Status.IsTerminal())
            {
                var failed = HubErrors.SubOrchestrationExists(created, now.UtcDateTime);
                storage.Post(creator, creator.State.ExecutionId, HistorySerializer.Serialize(failed), now);
                continue;
            }

            storage.Create(created, _starts[i], now);
        }
    }

    private void RewindChildren(InMemoryStorage storage, StoredInstance creator, DateTimeOffset now)
    {
        foreach (var child in turn.RewoundChildren)
        {
            if (!storage.Instances.TryGetValue(child.InstanceId, out var failed)
                || !storage.Rewind(failed, HistorySerializer.Serialize(child.Event), now))
            {
                storage.Post(creator, creator.State.ExecutionId, HistorySerializer.Serialize(child.Refusal), now);
            }
        }
    }

    private void SendMessages(InMemoryStorage storage, DateTimeOffset now)
    {
        for (var i = 0; i < _messages.Length; i++)
        {
            var message = turn.Messages[i];
            if (storage.Instances.TryGetValue(message.InstanceId, out var target)
                && !target.State.Status.IsTerminal()
                && (message.ExecutionId is null || message.ExecutionId == target.State.ExecutionId)
                && (!message.IsToChild || target.State.ParentInstanceId == turn.Lock.InstanceId))
            {
                storage.Post(target, message.ExecutionId, _messages[i], now);
                InMemoryTaskHub.BringStartForward(target, message.Event, now);
            }
        }

        for (var i = 0; i < _entityMessages.Length; i++)
        {
            storage.Post(turn.EntityMessages[i], _entityMessages[i], now);
        }
    }
}
