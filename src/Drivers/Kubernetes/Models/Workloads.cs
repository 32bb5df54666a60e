using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.Drivers.Kubernetes.Models;

[KubernetesResource("apps", "Deployment")]
public sealed record Deployment : KubernetesObject
{
    public const string RevisionAnnotation = "deployment.kubernetes.io/revision";

    public DeploymentSpec? Spec { get; init; }
    public DeploymentStatus? Status { get; init; }

    /// <summary>The revision that the controller last rolled out; null before the first.</summary>
    public long? Revision() => WorkloadRevision.Of(Metadata);
}

public sealed record DeploymentSpec : KubernetesModel
{
    /// <summary>Null means 1.</summary>
    public int? Replicas { get; init; }
    public bool? Paused { get; init; }
    public int? MinReadySeconds { get; init; }
    public LabelSelector? Selector { get; init; }
    public JsonObject? Strategy { get; init; }

    /// <summary>See <see cref="PodTemplate"/> for typed reading.</summary>
    public JsonObject? Template { get; init; }

    public PodSpec PodSpec() => Template is null ? new PodSpec() : PodTemplate.Spec(Template);
}

public sealed record DeploymentStatus : KubernetesModel
{
    /// <summary>Older than metadata.generation: the rest of the status is about an earlier spec.</summary>
    public long? ObservedGeneration { get; init; }
    public int Replicas { get; init; }
    public int UpdatedReplicas { get; init; }
    public int ReadyReplicas { get; init; }
    public int AvailableReplicas { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }

    public Condition? Condition(string type) => Conditions?.FirstOrDefault(c => c.Type == type);
}

[KubernetesResource("apps", "ReplicaSet")]
public sealed record ReplicaSet : KubernetesObject
{
    public ReplicaSetSpec? Spec { get; init; }
    public ReplicaSetStatus? Status { get; init; }

    /// <summary>Which of its Deployment's revisions this is; null without a Deployment.</summary>
    public long? Revision() => WorkloadRevision.Of(Metadata);
}

public sealed record ReplicaSetSpec : KubernetesModel
{
    public int? Replicas { get; init; }
    public int? MinReadySeconds { get; init; }
    public LabelSelector? Selector { get; init; }

    /// <summary>With the hash label that the controller adds.</summary>
    public JsonObject? Template { get; init; }

    public PodSpec PodSpec() => Template is null ? new PodSpec() : PodTemplate.Spec(Template);
}

public sealed record ReplicaSetStatus : KubernetesModel
{
    public long? ObservedGeneration { get; init; }
    public int Replicas { get; init; }
    public int ReadyReplicas { get; init; }
    public int AvailableReplicas { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

[KubernetesResource("apps", "StatefulSet")]
public sealed record StatefulSet : KubernetesObject
{
    public StatefulSetSpec? Spec { get; init; }
    public StatefulSetStatus? Status { get; init; }
}

public sealed record StatefulSetSpec : KubernetesModel
{
    public int? Replicas { get; init; }
    public LabelSelector? Selector { get; init; }
    public JsonObject? UpdateStrategy { get; init; }
    public JsonObject? Template { get; init; }
}

public sealed record StatefulSetStatus : KubernetesModel
{
    public long? ObservedGeneration { get; init; }
    public int Replicas { get; init; }
    public int ReadyReplicas { get; init; }
    public int UpdatedReplicas { get; init; }
    public string? CurrentRevision { get; init; }
    public string? UpdateRevision { get; init; }
}

[KubernetesResource("apps", "DaemonSet")]
public sealed record DaemonSet : KubernetesObject
{
    public DaemonSetSpec? Spec { get; init; }
    public DaemonSetStatus? Status { get; init; }
}

public sealed record DaemonSetSpec : KubernetesModel
{
    public LabelSelector? Selector { get; init; }
    public JsonObject? UpdateStrategy { get; init; }
    public JsonObject? Template { get; init; }
}

public sealed record DaemonSetStatus : KubernetesModel
{
    public long? ObservedGeneration { get; init; }
    public int DesiredNumberScheduled { get; init; }
    public int NumberReady { get; init; }
    public int UpdatedNumberScheduled { get; init; }
}

internal static class WorkloadRevision
{
    public static long? Of(ObjectMeta metadata) =>
        long.TryParse(metadata.Annotation(Deployment.RevisionAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            ? n
            : null;
}
