namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>How far a cache can be trusted.</summary>
public enum CacheState
{
    /// <summary>The first list is not complete: what is missing may well exist.</summary>
    Syncing,

    /// <summary>Complete, and followed.</summary>
    Current,

    /// <summary>Complete, but the server cannot be reached, or has been silent for too long: it may have changed since.</summary>
    Stale,
}

/// <summary>The state of one cache.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Age">Time since the server was last heard of; while a watch is silent, at most about 90 s.</param>
/// <param name="Objects">How many it holds.</param>
/// <param name="Consumers">Open subscriptions.</param>
/// <param name="Failure">Why the server cannot be reached, or refuses; null when it is well.</param>
public sealed record CacheStatus(
    ResourceKind Kind, CacheScope Scope, CacheState State, TimeSpan Age, int Objects, int Consumers, string? Failure);
