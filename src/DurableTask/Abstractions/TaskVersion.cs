namespace Microsoft.DurableTask;

/// <summary>
/// The version of a task's code, in any notation. The default is "no version". Equality ignores case; for order see
/// <see cref="Abstractions.TaskOrchestrationVersioningUtils"/>.
/// </summary>
public readonly struct TaskVersion : IEquatable<TaskVersion>
{
    /// <summary>No version.</summary>
    public static readonly TaskVersion Unversioned;

    private readonly string? _version;

    /// <summary>Creates a version; null and empty both mean "no version".</summary>
    /// <exception cref="ArgumentException">The version is nothing but white space, which looks like "no version" and is not.</exception>
    public TaskVersion(string? version)
    {
        if (!string.IsNullOrEmpty(version) && string.IsNullOrWhiteSpace(version))
        {
            throw new ArgumentException(
                $"Task version: expected a text that is not only whitespace, or null for no version, got {version.Length} such characters.",
                nameof(version));
        }

        _version = version;
    }

    /// <summary>The version's text; empty for "no version".</summary>
    public string Version => _version ?? "";

    public static implicit operator string(TaskVersion value) => value.Version;

    public static implicit operator TaskVersion(string? value) => new(value);

    public static bool operator ==(TaskVersion a, TaskVersion b) => a.Equals(b);

    public static bool operator !=(TaskVersion a, TaskVersion b) => !a.Equals(b);

    public bool Equals(TaskVersion other) => string.Equals(Version, other.Version, StringComparison.OrdinalIgnoreCase);

    public override bool Equals(object? obj) => obj is TaskVersion other && Equals(other);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Version);
}
