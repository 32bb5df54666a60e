using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What may be read in a cluster for evidence, as RBAC rules. Targets of kinds that are not here need <c>get</c> and <c>list</c> on their
/// own; without any of these the bundle has a gap and the rest.
/// </summary>
public static class EvidencePermissions
{
    public static IReadOnlyList<PermissionRule> Rules { get; } =
    [
        new("", "configmaps", ["get"]),
        new("", "endpoints", ["get"]),
        new("", "events", ["list"]),
        new("", "limitranges", ["list"]),
        new("", "namespaces", ["get"]),
        new("", "nodes", ["get", "list"]),
        new("", "persistentvolumeclaims", ["get", "list"]),
        new("", "persistentvolumes", ["get"]),
        new("", "pods", ["get", "list"]),
        new("", "pods/log", ["get"]),
        new("", "resourcequotas", ["get", "list"]),
        new("", "services", ["get", "list"]),
        new("apps", "controllerrevisions", ["list"]),
        new("apps", "daemonsets", ["get", "list"]),
        new("apps", "deployments", ["get", "list"]),
        new("apps", "replicasets", ["get", "list"]),
        new("apps", "statefulsets", ["get", "list"]),
        new("autoscaling", "horizontalpodautoscalers", ["get", "list"]),
        new("batch", "cronjobs", ["get", "list"]),
        new("batch", "jobs", ["get", "list"]),
        new("discovery.k8s.io", "endpointslices", ["list"]),
        new("events.k8s.io", "events", ["list"]),
        new("metrics.k8s.io", "nodes", ["get", "list"]),
        new("metrics.k8s.io", "pods", ["get", "list"]),
        new("networking.k8s.io", "networkpolicies", ["get", "list"]),
        new("policy", "poddisruptionbudgets", ["get", "list"]),
        new("storage.k8s.io", "storageclasses", ["get"]),
    ];

    /// <summary>Tells missing Secrets and when they changed. Not among the others, because it lets the healer's account see their
    /// values, which it skips.</summary>
    public static IReadOnlyList<PermissionRule> Optional { get; } = [new("", "secrets", ["get"])];
}
