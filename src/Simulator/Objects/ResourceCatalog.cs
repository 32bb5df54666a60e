namespace Heal.Simulator.Objects;

/// <summary>Every resource that the simulator serves.</summary>
internal static class ResourceCatalog
{
    private static readonly string[] All = ["all"];
    private static readonly string[] Scalable = ["status", "scale"];
    private static readonly string[] Status = ["status"];

    public static readonly ResourceType Namespaces = new("", "v1", "namespaces", "Namespace", false)
        { ShortNames = ["ns"], Subresources = Status };
    public static readonly ResourceType Nodes = new("", "v1", "nodes", "Node", false) { ShortNames = ["no"], Subresources = Status };
    public static readonly ResourceType Pods = new("", "v1", "pods", "Pod", true)
    {
        ShortNames = ["po"],
        Subresources = ["status", "log", "eviction", "resize"],
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType Services = new("", "v1", "services", "Service", true)
    {
        ShortNames = ["svc"],
        Subresources = Status,
        Categories = All,
    };
    public static readonly ResourceType Endpoints = new("", "v1", "endpoints", "Endpoints", true) { ShortNames = ["ep"] };
    public static readonly ResourceType ConfigMaps = new("", "v1", "configmaps", "ConfigMap", true) { ShortNames = ["cm"] };
    public static readonly ResourceType Secrets = new("", "v1", "secrets", "Secret", true);
    public static readonly ResourceType Events = new("", "v1", "events", "Event", true) { ShortNames = ["ev"] };
    /// <summary>The same events in their newer form; they are kept in the older one.</summary>
    public static readonly ResourceType NewerEvents = new("events.k8s.io", "v1", "events", "Event", true) { ShortNames = ["ev"] };
    public static readonly ResourceType ServiceAccounts = new("", "v1", "serviceaccounts", "ServiceAccount", true) { ShortNames = ["sa"] };
    public static readonly ResourceType PersistentVolumeClaims =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true) { ShortNames = ["pvc"], Subresources = Status };
    public static readonly ResourceType ResourceQuotas =
        new("", "v1", "resourcequotas", "ResourceQuota", true) { ShortNames = ["quota"], Subresources = Status };
    public static readonly ResourceType Deployments = new("apps", "v1", "deployments", "Deployment", true)
    {
        ShortNames = ["deploy"],
        Subresources = Scalable,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet", true)
    {
        ShortNames = ["rs"],
        Subresources = Scalable,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType StatefulSets = new("apps", "v1", "statefulsets", "StatefulSet", true)
    {
        ShortNames = ["sts"],
        Subresources = Scalable,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType DaemonSets = new("apps", "v1", "daemonsets", "DaemonSet", true)
    {
        ShortNames = ["ds"],
        Subresources = Status,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType ControllerRevisions = new("apps", "v1", "controllerrevisions", "ControllerRevision", true);
    public static readonly ResourceType Jobs = new("batch", "v1", "jobs", "Job", true)
    {
        Subresources = Status,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType CronJobs = new("batch", "v1", "cronjobs", "CronJob", true)
    {
        ShortNames = ["cj"],
        Subresources = Status,
        Categories = All,
        HasGeneration = true,
    };
    public static readonly ResourceType PodDisruptionBudgets = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true)
    {
        ShortNames = ["pdb"],
        Subresources = Status,
        HasGeneration = true,
    };
    public static readonly ResourceType HorizontalPodAutoscalers =
        new("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true)
        {
            ShortNames = ["hpa"],
            Subresources = Status,
            Categories = All,
        };
    public static readonly ResourceType NetworkPolicies = new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true)
    {
        ShortNames = ["netpol"],
        HasGeneration = true,
    };
    public static readonly ResourceType VolumeSnapshotClasses =
        new("snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false);
    public static readonly ResourceType VolumeSnapshots = new("snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", true)
        { Subresources = Status, HasGeneration = true };
    public static readonly ResourceType Roles = new("rbac.authorization.k8s.io", "v1", "roles", "Role", true);
    public static readonly ResourceType RoleBindings = new("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true);

    public static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "leases", "Lease", true);

    public static readonly IReadOnlyList<ResourceType> Served =
    [
        .. FurtherResources.Served, .. CustomResources.Served,
        Namespaces, Nodes, Pods, Services, Endpoints, ConfigMaps, Secrets, Events, NewerEvents,
        ServiceAccounts, PersistentVolumeClaims, ResourceQuotas,
        Deployments, ReplicaSets, StatefulSets, DaemonSets, ControllerRevisions, Jobs, CronJobs, PodDisruptionBudgets,
        HorizontalPodAutoscalers, NetworkPolicies, VolumeSnapshotClasses, VolumeSnapshots, Roles, RoleBindings, Leases,
    ];

    public static ResourceType? Find(string group, string version, string plural)
        => Served.FirstOrDefault(t => t.Group == group && t.Version == version && t.Plural == plural);

    public static ResourceType? FindKind(string? apiVersion, string? kind)
        => Served.FirstOrDefault(t => t.GroupVersion == apiVersion && t.Kind == kind);
}
