namespace Heal.Drivers.Kubernetes.Discovery;

/// <summary>
/// Kinds of which the server's preferred version is not the one to use. Of an autoscaler, autoscaling/v1 (which servers up to 1.22
/// prefer) knows CPU only and hides all else in annotations.
/// </summary>
internal static class VersionPreference
{
    private static readonly Dictionary<(string Group, string Kind), string[]> BestFirst = new()
    {
        [("autoscaling", "HorizontalPodAutoscaler")] = ["v2", "v2beta2", "v1"],
    };

    /// <summary>The served versions, best first.</summary>
    public static IReadOnlyList<string> Order(ResourceKind kind, IReadOnlyList<string> served) =>
        BestFirst.TryGetValue((kind.Group, kind.Kind), out var best) ? [.. best.Intersect(served), .. served.Except(best)] : served;
}
