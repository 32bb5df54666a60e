using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>What a pod uses now, as the metrics server last measured it.</summary>
[KubernetesResource("metrics.k8s.io", "PodMetrics")]
public sealed record PodMetrics : KubernetesObject
{
    /// <summary>The end of the time measured.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Its length, as Go writes it: "30s".</summary>
    public string? Window { get; init; }
    public IReadOnlyList<ContainerMetrics> Containers { get; init; } = [];

    /// <summary>CPUs of all containers together.</summary>
    [JsonIgnore]
    public decimal Cpu => Containers.Sum(c => c.Usage.Cpu);

    /// <summary>Bytes (working set) of all containers together.</summary>
    [JsonIgnore]
    public decimal Memory => Containers.Sum(c => c.Usage.Memory);
}

public sealed record ContainerMetrics : KubernetesModel
{
    public string Name { get; init; } = string.Empty;
    public ResourceUsage Usage { get; init; } = new();
}

/// <summary>What a node uses now.</summary>
[KubernetesResource("metrics.k8s.io", "NodeMetrics")]
public sealed record NodeMetrics : KubernetesObject
{
    public DateTimeOffset? Timestamp { get; init; }
    public string? Window { get; init; }
    public ResourceUsage Usage { get; init; } = new();
}

/// <summary>Amounts in use.</summary>
public sealed record ResourceUsage : KubernetesModel
{
    [JsonPropertyName("cpu")]
    public string? CpuQuantity { get; init; }

    [JsonPropertyName("memory")]
    public string? MemoryQuantity { get; init; }

    /// <summary>CPUs; 0 when not measured.</summary>
    [JsonIgnore]
    public decimal Cpu => Quantity.Parse(CpuQuantity) ?? 0;

    /// <summary>Bytes, working set; 0 when not measured.</summary>
    [JsonIgnore]
    public decimal Memory => Quantity.Parse(MemoryQuantity) ?? 0;
}
