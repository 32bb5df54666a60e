namespace Microsoft.DurableTask;

/// <summary>The name of an orchestrator, activity or entity. Names are equal when they differ in upper and lower case only.</summary>
public readonly struct TaskName : IEquatable<TaskName>
{
    private readonly string? _name;

    /// <summary>Creates a name; null gives the default, empty name.</summary>
    public TaskName(string name)
    {
        _name = name;
    }

    /// <summary>The name as it was given; empty for <c>default</c>.</summary>
    public string Name => _name ?? "";

    /// <summary>Always empty: versions are carried by <see cref="TaskVersion"/>. Kept so that code which reads it compiles.</summary>
#pragma warning disable CA1822 // An instance member by contract.
    public string Version => "";
#pragma warning restore CA1822

    public static implicit operator string(TaskName value) => value.Name;

    public static implicit operator TaskName(string value) => new(value);

    public static bool operator ==(TaskName a, TaskName b) => a.Equals(b);

    public static bool operator !=(TaskName a, TaskName b) => !a.Equals(b);

    public bool Equals(TaskName other) => string.Equals(Name, other.Name, StringComparison.OrdinalIgnoreCase);

    public override bool Equals(object? obj) => obj is TaskName other && Equals(other);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Name);

    public override string ToString() => Name;
}
