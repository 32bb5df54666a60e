using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

public enum ObjectChangeType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>
/// One step of one object. The steps that a consumer sees fit together: Old is what it was told before. Under load several steps of an
/// object may come as one.
/// </summary>
public sealed record ObjectChange<T> where T : KubernetesObject
{
    internal ObjectChange(ObjectChangeType type, T? old, T? now, bool isInitial, long observed)
    {
        Type = type;
        Old = old;
        New = now;
        IsInitial = isInitial;
        Observed = observed;
    }

    public ObjectChangeType Type { get; }

    /// <summary>Before; null when added.</summary>
    public T? Old { get; }

    /// <summary>After; null when deleted.</summary>
    public T? New { get; }

    /// <summary>New, or when deleted the last known state.</summary>
    public T Latest => New ?? Old!;

    /// <summary>The object was there before anyone looked: an Added of the first list, or of what was known when the subscription
    /// began.</summary>
    public bool IsInitial { get; }

    /// <summary>When the change reached us, as <see cref="TimeProvider.GetTimestamp"/> of the cache's clock.</summary>
    public long Observed { get; }

    public override string ToString() => $"{Type} {Latest}@{Latest.Metadata.ResourceVersion}";
}
