namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>Limits of the caches of one cluster.</summary>
public sealed class CacheOptions
{
    /// <summary>What is left out of cached objects. Default: managedFields, and annotations above 1,024 characters.</summary>
    public ObjectTrim? Trim { get; set; } = new();

    /// <summary>Most objects of one cache; one that would hold more fails, and says so. Default 200,000.</summary>
    public int MaxObjects { get; set; } = 200_000;

    /// <summary>
    /// Most caches (kinds and scopes) of one cluster: each holds one of <see cref="KubernetesClientOptions.MaxConnections"/>.
    /// Default 3,000: a dozen kinds in each of 200 namespaces, and some.
    /// </summary>
    public int MaxCaches { get; set; } = 3_000;

    /// <summary>A cache that has not heard of the server for this long is <see cref="CacheState.Stale"/>. Default 3 min.</summary>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Longest pause before a watch that ended with an error is begun anew. Default 30 s.</summary>
    public TimeSpan MaxPause { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>All that is wrong with the values; empty when they are usable.</summary>
    internal IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        Check(nameof(MaxObjects), MaxObjects >= 1, "at least 1", MaxObjects);
        Check(nameof(MaxCaches), MaxCaches >= 1, "at least 1", MaxCaches);
        Check(nameof(StaleAfter), StaleAfter > TimeSpan.Zero, "more than zero", StaleAfter);
        Check(
            nameof(MaxPause), MaxPause > TimeSpan.Zero && MaxPause <= TimeSpan.FromHours(1),
            "more than zero and at most an hour", MaxPause);
        Check("Trim.MaxAnnotationLength", Trim?.MaxAnnotationLength is null or >= 0, "at least 0, or null", Trim?.MaxAnnotationLength);
        return faults;

        void Check(string name, bool holds, string expected, object? got)
        {
            if (!holds)
                faults.Add($"Kubernetes cache option '{name}': expected {expected}, got {got}.");
        }
    }
}
