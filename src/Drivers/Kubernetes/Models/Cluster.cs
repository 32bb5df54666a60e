using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

[KubernetesResource("", "Namespace")]
public sealed record Namespace : KubernetesObject
{
    public NamespaceStatus? Status { get; init; }
}

public sealed record NamespaceStatus : KubernetesModel
{
    /// <summary>Active or Terminating.</summary>
    public string? Phase { get; init; }
}

[KubernetesResource("", "Node")]
public sealed record Node : KubernetesObject
{
    public NodeSpec? Spec { get; init; }
    public NodeStatus? Status { get; init; }
}

public sealed record NodeSpec : KubernetesModel
{
    /// <summary>True: cordoned.</summary>
    public bool? Unschedulable { get; init; }
    public IReadOnlyList<Taint>? Taints { get; init; }

    [JsonPropertyName("providerID")]
    public string? ProviderId { get; init; }
}

public sealed record Taint : KubernetesModel
{
    public string Key { get; init; } = string.Empty;
    public string? Value { get; init; }
    public string Effect { get; init; } = string.Empty;
    public DateTimeOffset? TimeAdded { get; init; }
}

public sealed record NodeStatus : KubernetesModel
{
    public IReadOnlyList<Condition>? Conditions { get; init; }
    public IReadOnlyDictionary<string, string>? Capacity { get; init; }
    public IReadOnlyDictionary<string, string>? Allocatable { get; init; }

    public Condition? Condition(string type) => Conditions?.FirstOrDefault(c => c.Type == type);
}

[KubernetesResource("", "ConfigMap")]
public sealed record ConfigMap : KubernetesObject
{
    public IReadOnlyDictionary<string, string>? Data { get; init; }
    public bool? Immutable { get; init; }
}

/// <summary>The scale subresource.</summary>
[KubernetesResource("autoscaling", "Scale", Version = "v1")]
public sealed record Scale : KubernetesObject
{
    public ScaleSpec? Spec { get; init; }
    public ScaleStatus? Status { get; init; }
}

public sealed record ScaleSpec : KubernetesModel
{
    /// <summary>Wanted; absent on the wire means 0.</summary>
    public int Replicas { get; init; }
}

public sealed record ScaleStatus : KubernetesModel
{
    public int Replicas { get; init; }

    /// <summary>Selects the object's pods, e.g. "app=shop".</summary>
    public string? Selector { get; init; }
}
