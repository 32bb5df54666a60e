namespace Heal.Drivers.Kubernetes;

/// <summary>
/// Kinds without a model of ours whose version differs between servers. Without a version: calls use what the server serves.
/// </summary>
public static class KnownKinds
{
    /// <summary>policy/v1 since 1.21, v1beta1 before 1.25.</summary>
    public static ResourceKind PodDisruptionBudget { get; } = new("policy", "PodDisruptionBudget");

    /// <summary>autoscaling/v2 since 1.23, v2beta2 before 1.26.</summary>
    public static ResourceKind HorizontalPodAutoscaler { get; } = new("autoscaling", "HorizontalPodAutoscaler");

    /// <summary>batch/v1 since 1.21, v1beta1 before 1.25.</summary>
    public static ResourceKind CronJob { get; } = new("batch", "CronJob");

    /// <summary>discovery.k8s.io/v1 since 1.21, v1beta1 before 1.25.</summary>
    public static ResourceKind EndpointSlice { get; } = new("discovery.k8s.io", "EndpointSlice");

    /// <summary>networking.k8s.io/v1 since 1.19, v1beta1 before 1.22.</summary>
    public static ResourceKind Ingress { get; } = new("networking.k8s.io", "Ingress");

    public static ResourceKind Job { get; } = new("batch", "Job");
    public static ResourceKind Secret { get; } = new("", "Secret");
    public static ResourceKind Service { get; } = new("", "Service");
    public static ResourceKind Endpoints { get; } = new("", "Endpoints");
    public static ResourceKind PersistentVolumeClaim { get; } = new("", "PersistentVolumeClaim");
    public static ResourceKind ResourceQuota { get; } = new("", "ResourceQuota");
    public static ResourceKind NetworkPolicy { get; } = new("networking.k8s.io", "NetworkPolicy");
    public static ResourceKind ControllerRevision { get; } = new("apps", "ControllerRevision");
}
