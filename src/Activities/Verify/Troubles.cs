using Heal.Healing;

namespace Heal.Activities;

/// <summary>Containers that wait for something that will not come, or have crashed.</summary>
internal static class Troubles
{
    private const int Limit = 20;

    // Normal on the way up.
    private static readonly string[] Starting = ["ContainerCreating", "PodInitializing"];

    public static IReadOnlyList<string> Of(IReadOnlyList<PodEvidence> pods, DateTimeOffset now)
    {
        var found = from pod in pods
                    from container in pod.Containers
                    let waits = container.Waiting is { } reason && !Starting.Contains(reason)
                    let crashed = container is { LastExitCode: not (null or 0), Ready: false }
                    where waits || crashed
                    select $"{pod.Name}/{container.Name} ({container.Waiting ?? container.LastReason ?? "crashed"})";
        return [.. found.Take(Limit)];
    }
}
