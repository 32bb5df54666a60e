namespace Heal.Drivers.Kubernetes.Models;

[KubernetesResource("", "Pod")]
public sealed record Pod : KubernetesObject
{
    public PodSpec? Spec { get; init; }
    public PodStatus? Status { get; init; }
}

/// <summary>What a pod should be.</summary>
public sealed record PodSpec : KubernetesModel
{
    public IReadOnlyList<Container> Containers { get; init; } = [];
    public IReadOnlyList<Container>? InitContainers { get; init; }
    public IReadOnlyList<Volume>? Volumes { get; init; }
    public string? NodeName { get; init; }
    public string? RestartPolicy { get; init; }
}

/// <summary>What a container should be.</summary>
public sealed record Container : KubernetesModel
{
    public string Name { get; init; } = string.Empty;
    public string? Image { get; init; }

    /// <summary>"Always" makes a sidecar of an init container: it runs beside the others and is restarted for ever.</summary>
    public string? RestartPolicy { get; init; }
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyList<string>? Args { get; init; }
    public IReadOnlyList<EnvVar>? Env { get; init; }
    public IReadOnlyList<EnvFromSource>? EnvFrom { get; init; }
    public ResourceRequirements? Resources { get; init; }
}

/// <summary>An environment variable. The value may be a secret: never log it.</summary>
public sealed record EnvVar : KubernetesModel
{
    public string Name { get; init; } = string.Empty;
    public string? Value { get; init; }
    public EnvVarSource? ValueFrom { get; init; }

    public override string ToString() => $"EnvVar {Name}";
}

public sealed record EnvVarSource : KubernetesModel
{
    public KeySelector? ConfigMapKeyRef { get; init; }
    public KeySelector? SecretKeyRef { get; init; }
}

/// <summary>One key of a ConfigMap or Secret.</summary>
public sealed record KeySelector : KubernetesModel
{
    public string? Name { get; init; }
    public string Key { get; init; } = string.Empty;
    public bool? Optional { get; init; }
}

public sealed record EnvFromSource : KubernetesModel
{
    public string? Prefix { get; init; }
    public NamedSource? ConfigMapRef { get; init; }
    public NamedSource? SecretRef { get; init; }
}

/// <summary>A ConfigMap or Secret by name.</summary>
public sealed record NamedSource : KubernetesModel
{
    public string? Name { get; init; }
    public bool? Optional { get; init; }
}

/// <summary>A volume; sources other than these three are in OtherFields.</summary>
public sealed record Volume : KubernetesModel
{
    public string Name { get; init; } = string.Empty;
    public NamedSource? ConfigMap { get; init; }
    public SecretVolumeSource? Secret { get; init; }
    public PersistentVolumeClaimSource? PersistentVolumeClaim { get; init; }
}

public sealed record SecretVolumeSource : KubernetesModel
{
    public string? SecretName { get; init; }
    public bool? Optional { get; init; }
}

public sealed record PersistentVolumeClaimSource : KubernetesModel
{
    public string ClaimName { get; init; } = string.Empty;
    public bool? ReadOnly { get; init; }
}

/// <summary>Quantities as Kubernetes writes them, e.g. "250m", "64Mi".</summary>
public sealed record ResourceRequirements : KubernetesModel
{
    public IReadOnlyDictionary<string, string>? Limits { get; init; }
    public IReadOnlyDictionary<string, string>? Requests { get; init; }
}

/// <summary>What a pod is.</summary>
public sealed record PodStatus : KubernetesModel
{
    /// <summary>Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string? Phase { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }

    public DateTimeOffset? StartTime { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
    public IReadOnlyList<ContainerStatus>? ContainerStatuses { get; init; }
    public IReadOnlyList<ContainerStatus>? InitContainerStatuses { get; init; }

    public Condition? Condition(string type) => Conditions?.FirstOrDefault(c => c.Type == type);
}
