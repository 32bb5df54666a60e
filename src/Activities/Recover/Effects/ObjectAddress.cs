using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>Where an object is: API group (empty: core), kind, namespace (null: cluster scope) and name. The version is
/// discovered.</summary>
internal sealed record ObjectAddress(string Group, string Kind, string? Namespace, string Name)
{
    [JsonIgnore]
    public ResourceKind ResourceKind => new(Group, Kind);

    public static ObjectAddress Of(ResourceKind kind, string? ns, string name) => new(kind.Group, kind.Kind, ns, name);

    public override string ToString() => Namespace is null ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}

/// <summary>The kinds that actions touch.</summary>
internal static class Kinds
{
    public static readonly ResourceKind Certificate = new("cert-manager.io", "Certificate");
    public static readonly ResourceKind ConfigMap = new("", "ConfigMap");
    public static readonly ResourceKind CronJob = new("batch", "CronJob");
    public static readonly ResourceKind DaemonSet = new("apps", "DaemonSet");
    public static readonly ResourceKind Deployment = new("apps", "Deployment");
    public static readonly ResourceKind Endpoints = new("", "Endpoints");
    public static readonly ResourceKind Event = new("", "Event");
    public static readonly ResourceKind HorizontalPodAutoscaler = new("autoscaling", "HorizontalPodAutoscaler");
    public static readonly ResourceKind Job = new("batch", "Job");
    public static readonly ResourceKind NetworkPolicy = new("networking.k8s.io", "NetworkPolicy");
    public static readonly ResourceKind Node = new("", "Node");
    public static readonly ResourceKind PersistentVolume = new("", "PersistentVolume");
    public static readonly ResourceKind PersistentVolumeClaim = new("", "PersistentVolumeClaim");
    public static readonly ResourceKind Pod = new("", "Pod");
    public static readonly ResourceKind PodDisruptionBudget = new("policy", "PodDisruptionBudget");
    public static readonly ResourceKind ReplicaSet = new("apps", "ReplicaSet");
    public static readonly ResourceKind ResourceQuota = new("", "ResourceQuota");
    public static readonly ResourceKind RoleBinding = new("rbac.authorization.k8s.io", "RoleBinding");
    public static readonly ResourceKind Secret = new("", "Secret");
    public static readonly ResourceKind Service = new("", "Service");
    public static readonly ResourceKind StatefulSet = new("apps", "StatefulSet");
    public static readonly ResourceKind StorageClass = new("storage.k8s.io", "StorageClass");
    public static readonly ResourceKind VolumeSnapshot = new("snapshot.storage.k8s.io", "VolumeSnapshot");
    public static readonly ResourceKind VolumeSnapshotClass = new("snapshot.storage.k8s.io", "VolumeSnapshotClass");
}
