using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.InMemory;

/// <summary>
/// The places under concurrency limits, counted anew at each look. What finds no place is marked as waiting, so that nobody wakes for it;
/// every look takes the marks away first.
/// </summary>
internal static class Places
{
    public static List<StoredActivity> Take(
        IEnumerable<StoredActivity> wanted, IEnumerable<StoredActivity> all, LockRequest request, DateTimeOffset now)
    {
        var taken = all.Where(activity => activity.LockedBy is not null && activity.VisibleAt > now)
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
        }

        return found;
    }

    /// <param name="due">Instances with visible messages and without a lock, those first that wait longest.</param>
    public static List<StoredInstance> Take(
        IEnumerable<StoredInstance> due, IEnumerable<StoredInstance> all, LockRequest request, DateTimeOffset now)
    {
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
        }

        return found;
    }

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
