using System.Collections.Concurrent;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>The locks that this worker holds; a background duty renews them at a third of their lease.</summary>
/// <param name="scheduler">See <see cref="ActivityCancellation"/>.</param>
internal sealed class HeldLocks(TaskScheduler scheduler)
{
    private readonly ConcurrentDictionary<OrchestrationLock, byte> _orchestrations = new();
    private readonly ConcurrentDictionary<ActivityLock, ActivityCancellation> _activities = new();
    private readonly ConcurrentDictionary<EntityLock, byte> _entities = new();

    public void Add(OrchestrationLock held) => _orchestrations[held] = 0;

    /// <summary>Remembers the lock until <see cref="Remove(ActivityLock)"/>.</summary>
    /// <returns>What ends the activity early, whoever asks for it.</returns>
    public ActivityCancellation Add(ActivityLock held) => _activities.GetOrAdd(held, _ => new ActivityCancellation(scheduler));

    public void Add(EntityLock held) => _entities[held] = 0;

    public void Remove(EntityLock held) => _entities.TryRemove(held, out _);

    public void Remove(OrchestrationLock held) => _orchestrations.TryRemove(held, out _);

    public void Remove(ActivityLock held) => _activities.TryRemove(held, out _);

    public bool IsHeld(ActivityLock held) => _activities.ContainsKey(held);

    public bool IsHeld(OrchestrationLock held) => _orchestrations.ContainsKey(held);

    public bool IsHeld(EntityLock held) => _entities.ContainsKey(held);

    /// <summary>In an order that does not depend on chance, as the simulation needs it.</summary>
    public IReadOnlyCollection<ActivityLock> Activities =>
        [.. _activities.Keys.OrderBy(held => held.InstanceId, StringComparer.Ordinal).ThenBy(held => held.TaskId)];

    public IReadOnlyCollection<EntityLock> Entities => [.. _entities.Keys.OrderBy(held => held.EntityId, StringComparer.Ordinal)];

    public IReadOnlyCollection<OrchestrationLock> Orchestrations =>
        [.. _orchestrations.Keys.OrderBy(held => held.InstanceId, StringComparer.Ordinal)];

    /// <summary>Asks the activities of an instance that ended without them to end too.</summary>
    public void CancelActivitiesOf(string instanceId)
    {
        foreach ((_, ActivityCancellation running) in _activities
            .Where(activity => activity.Key.InstanceId == instanceId)
            .OrderBy(activity => activity.Key.TaskId))
        {
            running.Request();
        }
    }

    /// <summary>Asks all activities to end.</summary>
    public void CancelActivities()
    {
        foreach (ActivityLock held in Activities)
        {
            if (_activities.TryGetValue(held, out ActivityCancellation? running))
            {
                running.Request();
            }
        }
    }

    /// <summary>Renews those of orchestrations once. Locks that turn out to be lost are forgotten: their work can commit nothing any
    /// more.</summary>
    /// <returns>How many were lost.</returns>
    public async Task<int> RenewOrchestrationsAsync(ITaskHub hub, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (_orchestrations.IsEmpty)
        {
            return 0;
        }

        LostLocks lost = await hub.RenewLocksAsync(Orchestrations, [], lease, cancellationToken);
        return lost.Orchestrations.Count(held => _orchestrations.TryRemove(held, out _));
    }

    /// <summary>Renews those of activities once, as those of orchestrations.</summary>
    /// <returns>How many were lost.</returns>
    public async Task<int> RenewActivitiesAsync(ITaskHub hub, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (_activities.IsEmpty)
        {
            return 0;
        }

        LostLocks lost = await hub.RenewLocksAsync([], Activities, lease, cancellationToken);
        return lost.Activities.Count(Lose);
    }

    /// <summary>Renews those of entities once. A lost one's batch can commit nothing any more and says so itself.</summary>
    /// <returns>None: they are not counted.</returns>
    public async Task<int> RenewEntitiesAsync(ITaskHub hub, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (!_entities.IsEmpty)
        {
            await hub.Entities.RenewAsync(Entities, lease, cancellationToken);
        }

        return 0;
    }

    /// <summary>What was given up, or has ended, since the renewal began was not lost: a turn may have stored it meanwhile.</summary>
    private bool Lose(ActivityLock held)
    {
        if (!_activities.TryGetValue(held, out ActivityCancellation? running) || running.HasEnded || !_activities.TryRemove(held, out _))
        {
            return false;
        }

        running.Request();
        return true;
    }
}
