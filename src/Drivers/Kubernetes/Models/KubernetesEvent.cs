using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>What a component reports about an object (core/v1 Event). Kept by servers for an hour by default.</summary>
[KubernetesResource("", "Event", Version = "v1")]
public sealed record KubernetesEvent : KubernetesObject
{
    public ObjectReference InvolvedObject { get; init; } = new();

    /// <summary>Machine-readable, e.g. "BackOff", "FailedMount".</summary>
    public string? Reason { get; init; }
    public string? Message { get; init; }

    /// <summary>"Normal" or "Warning".</summary>
    public string? Type { get; init; }

    /// <summary>How often; in newer events the series says it.</summary>
    public int? Count { get; init; }
    public DateTimeOffset? FirstTimestamp { get; init; }
    public DateTimeOffset? LastTimestamp { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }
    public EventSeries? Series { get; init; }
    public EventSource? Source { get; init; }
    public string? ReportingComponent { get; init; }
    public string? ReportingInstance { get; init; }
    public string? Action { get; init; }

    /// <summary>The last time that it happened, from whichever field the reporter used.</summary>
    [JsonIgnore]
    public DateTimeOffset LastSeen =>
        Series?.LastObservedTime ?? LastTimestamp ?? EventTime ?? FirstTimestamp ?? Metadata.CreationTimestamp ?? DateTimeOffset.MinValue;

    /// <summary>How often it happened, from whichever field the reporter used; at least 1.</summary>
    [JsonIgnore]
    public int Occurrences => Math.Max(1, Series?.Count ?? Count ?? 1);
}

public sealed record EventSeries : KubernetesModel
{
    public int? Count { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? LastObservedTime { get; init; }
}

public sealed record EventSource : KubernetesModel
{
    public string? Component { get; init; }
    public string? Host { get; init; }
}
