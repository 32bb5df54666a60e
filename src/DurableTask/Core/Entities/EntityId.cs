namespace DurableTask.Core.Entities;

/// <summary>Names one entity; its text is <c>@name@key</c>.</summary>
/// <param name="name">The entity's name.</param>
/// <param name="key">Which of the entities of that name.</param>
public readonly struct EntityId(string name, string key) : IEquatable<EntityId>, IComparable
{
    /// <summary>The entity's name.</summary>
    public string Name { get; } = !string.IsNullOrEmpty(name) ? name
        : throw new ArgumentException("The name of an entity is empty: expected a name.", nameof(name));

    /// <summary>Which of the entities of that name.</summary>
    public string Key { get; } = key ?? throw new ArgumentNullException(nameof(key));

    /// <summary>Reads <c>@name@key</c>.</summary>
    /// <exception cref="ArgumentException">The text has another form.</exception>
    public static EntityId FromString(string instanceId)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        int second = instanceId.StartsWith('@') ? instanceId.IndexOf('@', 1) : -1;
        return second > 1
            ? new EntityId(instanceId[1..second], instanceId[(second + 1)..])
            : throw new ArgumentException($"Entity id: expected '@name@key', got '{instanceId}'.", nameof(instanceId));
    }

    public static bool operator ==(EntityId left, EntityId right) => left.Equals(right);

    public static bool operator !=(EntityId left, EntityId right) => !left.Equals(right);

    public static bool operator <(EntityId left, EntityId right) => left.CompareTo(right) < 0;

    public static bool operator <=(EntityId left, EntityId right) => left.CompareTo(right) <= 0;

    public static bool operator >(EntityId left, EntityId right) => left.CompareTo(right) > 0;

    public static bool operator >=(EntityId left, EntityId right) => left.CompareTo(right) >= 0;

    public bool Equals(EntityId other) => (Name, Key).Equals((other.Name, other.Key));

    public override bool Equals(object? obj) => obj is EntityId other && Equals(other);

    public override int GetHashCode() => (Name, Key).GetHashCode();

    public int CompareTo(object? obj) => string.CompareOrdinal(ToString(), obj?.ToString());

    public override string ToString() => $"@{Name}@{Key}";
}
