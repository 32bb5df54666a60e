using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>
/// The places under concurrency limits, counted anew at each look. What finds no place is marked as waiting, so that nobody wakes for it;
/// every look takes the marks away first. Whose lease is over has no place any more, and loses its lock: a late holder that renewed it, or
/// made its first turn under it, would be one too many.
/// </summary>
internal static class Places
{
    public static List<StoredActivity> Take(
        IEnumerable<StoredActivity> wanted, InMemoryStorage storage, LockRequest request, DateTimeOffset now)
    {
        var taken = storage.Activities.Values.Where(activity => activity.LockedBy is not null && activity.VisibleAt > now)
            .CountBy(activity => activity.Name ?? "", StringComparer.OrdinalIgnoreCase)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        var found = new List<StoredActivity>();
        foreach (var activity in wanted.Where(activity => activity.VisibleAt <= now))
        {
            activity.WaitsForPlace = found.Count < request.MaxCount && !TakePlace(taken, activity.Name, request);
            if (found.Count < request.MaxCount && !activity.WaitsForPlace)
            {
                found.Add(activity);
            }

            storage.ActivitiesWait |= activity.WaitsForPlace;
        }

        var lapsed = storage.Activities.Values.Where(activity =>
            activity.LockedBy is not null && activity.VisibleAt <= now && HasLimit(activity.Name, request)).Except(found).ToArray();
        storage.Fence(lapsed);
        Array.ForEach(lapsed, activity => activity.LoseLock());
        return found;
    }

    /// <param name="due">Instances with visible messages and without a lock, those first that wait longest.</param>
    public static List<StoredInstance> Take(
        IEnumerable<StoredInstance> due, InMemoryStorage storage, LockRequest request, DateTimeOffset now)
    {
        var all = storage.Instances.Values;
        var taken = all.Where(instance => !instance.State.Status.IsTerminal() && (HasStarted(instance) || IsLocked(instance, now)))
            .CountBy(instance => instance.State.Name, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        var found = new List<StoredInstance>();
        foreach (var instance in due)
        {
            instance.WaitsForPlace = found.Count < request.MaxCount
                && !HasStarted(instance)
                && !instance.IsToBeTerminated
                && !TakePlace(taken, instance.State.Name, request);
            if (found.Count < request.MaxCount && !instance.WaitsForPlace)
            {
                found.Add(instance);
            }

            storage.InstancesWait |= instance.WaitsForPlace;
        }

        foreach (var lapsed in all.Where(instance => instance.LockedBy is not null && instance.LockedUntil <= now
            && !HasStarted(instance) && HasLimit(instance.State.Name, request)).Except(found))
        {
            lapsed.LoseLock();
        }

        return found;
    }

    private static bool HasLimit(string? name, LockRequest request) => name is not null && request.Limits!.ContainsKey(name);

    private static bool TakePlace(Dictionary<string, int> taken, string? name, LockRequest request)
    {
        if (name is null || request.Limits?.TryGetValue(name, out var places) != true)
        {
            return true;
        }

        if (taken.GetValueOrDefault(name) >= places)
        {
            return false;
        }

        taken[name] = taken.GetValueOrDefault(name) + 1;
        return true;
    }

    private static bool HasStarted(StoredInstance instance) => instance.State.Status != OrchestrationStatus.Pending;

    private static bool IsLocked(StoredInstance instance, DateTimeOffset now) =>
        instance.LockedBy is not null && instance.LockedUntil > now;
}
