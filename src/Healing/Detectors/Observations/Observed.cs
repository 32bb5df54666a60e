namespace Heal.Healing;

/// <summary>What detectors need to know of an object: small, bounded, without secrets and without what the object's kind adds.</summary>
public abstract record Observed(ObjectInfo Info);

/// <param name="Kind">As Kubernetes writes it, for example "Pod".</param>
/// <param name="Namespace">Empty for cluster-scoped kinds.</param>
/// <param name="Uid">Unique over time, unlike the name.</param>
/// <param name="DeletedAt">When it ought to be gone, the grace included; null when nobody deleted it.</param>
/// <param name="Owner">The owner that controls it.</param>
/// <param name="IsMarked">It carries the mark that puts it into the healer's scope.</param>
/// <param name="MaintenanceUntil">Somebody works on it until then, and wants no alarm.</param>
public sealed record ObjectInfo(
    string Kind,
    string Namespace,
    string Name,
    string Uid,
    DateTimeOffset CreatedAt,
    DateTimeOffset? DeletedAt = null,
    OwnerInfo? Owner = null,
    IReadOnlyDictionary<string, string>? Labels = null,
    bool IsMarked = false,
    DateTimeOffset? MaintenanceUntil = null)
{
    public ObservedKey Key => new(Kind, Namespace, Name);

    public override string ToString() => Namespace.Length > 0 ? $"{Kind} {Namespace}/{Name}" : $"{Kind} {Name}";
}

/// <summary>Names an object at a moment: names are used again.</summary>
public readonly record struct ObservedKey(string Kind, string Namespace, string Name);

public sealed record OwnerInfo(string Kind, string Name, string Uid);

/// <summary>One condition of an object's status.</summary>
/// <param name="Status">True, False or Unknown.</param>
/// <param name="Since">When it last changed.</param>
public sealed record ObservedCondition(string Type, string Status, string? Reason, string? Message, DateTimeOffset? Since)
{
    public bool IsTrue => Status == "True";

    public override string ToString()
    {
        var reason = string.IsNullOrEmpty(Reason) ? "" : $", {Reason}";
        return $"condition {Type}: {Status}{reason}{(string.IsNullOrEmpty(Message) ? "" : $": {Message}")}";
    }
}

public sealed record ObservedNamespace(ObjectInfo Info, bool IsTerminating) : Observed(Info);
