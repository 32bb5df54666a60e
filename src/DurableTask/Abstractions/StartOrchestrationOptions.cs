using System.Collections.ObjectModel;

namespace Microsoft.DurableTask;

/// <summary>Options of a new orchestration.</summary>
public record StartOrchestrationOptions
{
    /// <summary>Creates options.</summary>
    /// <param name="InstanceId">The id; null for a new GUID.</param>
    /// <param name="StartAt">When to start; null for now.</param>
    public StartOrchestrationOptions(string? InstanceId = null, DateTimeOffset? StartAt = default)
    {
        this.InstanceId = InstanceId;
        this.StartAt = StartAt;
    }

    /// <summary>Copies options.</summary>
    public StartOrchestrationOptions(StartOrchestrationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        InstanceId = options.InstanceId;
        StartAt = options.StartAt;
        Tags = options.Tags;
        Version = options.Version;
        DedupeStatuses = options.DedupeStatuses;
    }

    /// <summary>The id of the instance; null for a new GUID.</summary>
    public string? InstanceId { get; init; }

    /// <summary>When to start; null, or a time in the past, for now.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Tags of the instance: never changed, inherited by its sub-orchestrations.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The version to start; null for the client's default version.</summary>
    public TaskVersion? Version { get; init; }

    /// <summary>
    /// Names of statuses in which an existing instance with the same id forbids a new one. Empty: none does, a running one is
    /// terminated first.
    /// Null: the storage's default, which lets only ended instances be replaced.
    /// </summary>
    public IReadOnlyList<string>? DedupeStatuses { get; init; }
}
