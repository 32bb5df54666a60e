using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>What a container is, and was before its last restart.</summary>
public sealed record ContainerStatus : KubernetesModel
{
    public string Name { get; init; } = string.Empty;
    public string? Image { get; init; }

    [JsonPropertyName("containerID")]
    public string? ContainerId { get; init; }
    public bool Ready { get; init; }
    public bool? Started { get; init; }
    public int RestartCount { get; init; }
    public ContainerState? State { get; init; }
    public ContainerState? LastState { get; init; }
}

/// <summary>Exactly one is set; none means waiting.</summary>
public sealed record ContainerState : KubernetesModel
{
    public ContainerWaiting? Waiting { get; init; }
    public ContainerRunning? Running { get; init; }
    public ContainerTerminated? Terminated { get; init; }
}

public sealed record ContainerWaiting : KubernetesModel
{
    /// <summary>E.g. CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError.</summary>
    public string? Reason { get; init; }
    public string? Message { get; init; }
}

public sealed record ContainerRunning : KubernetesModel
{
    public DateTimeOffset? StartedAt { get; init; }
}

public sealed record ContainerTerminated : KubernetesModel
{
    public int ExitCode { get; init; }
    public int? Signal { get; init; }

    /// <summary>E.g. Error, OOMKilled, Completed.</summary>
    public string? Reason { get; init; }

    /// <summary>The container's termination message. Text from a workload.</summary>
    public string? Message { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    [JsonPropertyName("containerID")]
    public string? ContainerId { get; init; }
}
