namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// What a consumer of changes gets, and what becomes of one that is slow. Up to <see cref="CoalesceAbove"/> waiting changes each comes by
/// itself; above, changes of one object that wait are merged into one, so that a slow consumer sees fewer steps but always the last
/// state. One that lets changes of more than <see cref="MaxWaiting"/> objects pile up is ended, with <see cref="SlowConsumerException"/>.
/// </summary>
public sealed record SubscriptionOptions
{
    /// <summary>First an Added (IsInitial) for each object that is known already. Default true.</summary>
    public bool IncludeExisting { get; init; } = true;

    /// <summary>Default 1,024 changes.</summary>
    public int CoalesceAbove { get; init; } = 1024;

    /// <summary>Default 100,000 changes.</summary>
    public int MaxWaiting { get; init; } = 100_000;
}

/// <summary>A consumer fell too far behind. Nothing was lost silently: subscribe again, and all objects come anew.</summary>
public sealed class SlowConsumerException(string kind, int limit) : Exception(
    $"A consumer of the cache of {kind} has {limit} changes waiting (MaxWaiting): it is too slow or stands still. Subscribe again.")
{
    public string Kind { get; } = kind;
    public int Limit { get; } = limit;
}
