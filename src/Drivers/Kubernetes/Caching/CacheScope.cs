namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// Which objects of a kind a cache holds. Default: all of the cluster. Consumers who ask for the same scope share one cache.
/// </summary>
public sealed record CacheScope
{
    public static CacheScope Everything { get; } = new();

    /// <summary>Null: all namespaces, or a kind without namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>E.g. "app=shop"; null: all.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>E.g. "type!=Normal" of events; null: all.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Only metadata: enough to know names, labels and owners of kinds whose content nobody here needs. Default false.</summary>
    public bool MetadataOnly { get; init; }
}
