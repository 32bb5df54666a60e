namespace Heal.Healing;

/// <summary>The causes that the rules can find. Workflow definitions and learned outcomes use these names.</summary>
public static class Causes
{
    /// <summary>A ResourceQuota of the namespace refuses new pods.</summary>
    public const string QuotaExceeded = nameof(QuotaExceeded);

    /// <summary>Pods wait for a claim that no volume was bound to.</summary>
    public const string VolumeNotBound = nameof(VolumeNotBound);

    /// <summary>Pods fit on no node for other reasons than capacity, taints or volumes: selectors, affinity, spread.</summary>
    public const string Unschedulable = nameof(Unschedulable);

    /// <summary>A node is short of memory, disk or process ids, or a detector found a problem on it.</summary>
    public const string NodePressure = nameof(NodePressure);

    /// <summary>Containers of the newest revision crash; the template changed just before.</summary>
    public const string CrashAfterTemplateChange = nameof(CrashAfterTemplateChange);

    /// <summary>The newest revision's image cannot be pulled; the template changed the image.</summary>
    public const string ImagePullAfterTemplateChange = nameof(ImagePullAfterTemplateChange);

    /// <summary>The newest revision refers to a ConfigMap or Secret that does not exist; the template introduced the reference.</summary>
    public const string MissingObjectAfterTemplateChange = nameof(MissingObjectAfterTemplateChange);

    /// <summary>Containers of the newest revision are killed for memory; the template lowered or set the limit.</summary>
    public const string OutOfMemoryAfterTemplateChange = nameof(OutOfMemoryAfterTemplateChange);

    /// <summary>The newest revision does not become ready; the template changed, and nothing else explains it.</summary>
    public const string RolloutStuckAfterTemplateChange = nameof(RolloutStuckAfterTemplateChange);

    /// <summary>Containers are killed for memory under an unchanged limit.</summary>
    public const string OutOfMemory = nameof(OutOfMemory);

    /// <summary>An image that worked before cannot be pulled: credentials or registry.</summary>
    public const string ImagePullUnchanged = nameof(ImagePullUnchanged);

    /// <summary>A ConfigMap or Secret that the pods always used is gone.</summary>
    public const string MissingObject = nameof(MissingObject);

    /// <summary>A ConfigMap was changed in place, under an unchanged template.</summary>
    public const string ConfigChangedInPlace = nameof(ConfigChangedInPlace);

    /// <summary>The failing pods are on nodes that are not ready.</summary>
    public const string NodeNotReady = nameof(NodeNotReady);

    /// <summary>The pods stand on a Service that has no ready backend: the fault is there.</summary>
    public const string DependencyUnready = nameof(DependencyUnready);

    /// <summary>Something fails and no recent change explains it.</summary>
    public const string NoChangeFound = nameof(NoChangeFound);

    /// <summary>Memory in use grows steadily and will reach the limit: a leak, or too little for the load.</summary>
    public const string MemoryGrowing = nameof(MemoryGrowing);

    /// <summary>Containers are held back by their CPU limit.</summary>
    public const string CpuThrottled = nameof(CpuThrottled);

    /// <summary>A workload that nothing scales by itself has more load than its replicas carry.</summary>
    public const string LoadTooHigh = nameof(LoadTooHigh);

    /// <summary>A HorizontalPodAutoscaler wants more replicas than its ceiling allows.</summary>
    public const string AutoscalerAtMaximum = nameof(AutoscalerAtMaximum);

    /// <summary>A PodDisruptionBudget alone keeps an intended drain from going on.</summary>
    public const string DisruptionBudgetBlocks = nameof(DisruptionBudgetBlocks);

    /// <summary>A pod is being deleted for much longer than its grace period.</summary>
    public const string PodStuckTerminating = nameof(PodStuckTerminating);

    /// <summary>A volume will be full soon.</summary>
    public const string VolumeFilling = nameof(VolumeFilling);

    /// <summary>A node's or container's own disk will be full soon.</summary>
    public const string DiskFilling = nameof(DiskFilling);

    /// <summary>A Service selects no pod, though its workload runs.</summary>
    public const string EndpointsEmpty = nameof(EndpointsEmpty);

    /// <summary>A NetworkPolicy that is newer than the last good time forbids traffic that was there before.</summary>
    public const string NetworkPolicyBlocks = nameof(NetworkPolicyBlocks);

    /// <summary>A Job has failed for good.</summary>
    public const string JobFailed = nameof(JobFailed);

    /// <summary>Credentials for an image are gone or out of date, and the image reference is as it was.</summary>
    public const string PullSecretMissing = nameof(PullSecretMissing);

    /// <summary>Pods fit on no node, whatever is rearranged.</summary>
    public const string CapacityExhausted = nameof(CapacityExhausted);

    /// <summary>A taint keeps pods off nodes that would have room.</summary>
    public const string NodeTainted = nameof(NodeTainted);

    /// <summary>A node was taken out of service for a remedy, and is well again.</summary>
    public const string NodeLeftCordoned = nameof(NodeLeftCordoned);

    /// <summary>A rollout was paused for a remedy, and may go on.</summary>
    public const string RolloutPaused = nameof(RolloutPaused);

    /// <summary>A pod behaves as if somebody else ran it.</summary>
    public const string PodCompromised = nameof(PodCompromised);

    /// <summary>Requests are far from what is used.</summary>
    public const string ResourcesMisfit = nameof(ResourcesMisfit);

    /// <summary>The volume behind a claim is gone.</summary>
    public const string VolumeLost = nameof(VolumeLost);

    /// <summary>A release of a package manager brought the fault.</summary>
    public const string BadRelease = nameof(BadRelease);

    /// <summary>A commit in the source of truth brought the fault.</summary>
    public const string BadCommit = nameof(BadCommit);

    /// <summary>A certificate is about to expire, or has, and nothing renews it.</summary>
    public const string CertificateNotRenewed = nameof(CertificateNotRenewed);

    /// <summary>A policy of a service mesh turns requests away that were let through before.</summary>
    public const string AuthorizationPolicyBlocks = nameof(AuthorizationPolicyBlocks);

    /// <summary>The store of the API server takes much more room than what is in it.</summary>
    public const string StoreFragmented = nameof(StoreFragmented);

    public static IReadOnlyList<string> All { get; } =
    [
        CrashAfterTemplateChange, ImagePullAfterTemplateChange, MissingObjectAfterTemplateChange, OutOfMemoryAfterTemplateChange,
        DependencyUnready, QuotaExceeded, VolumeNotBound, Unschedulable, NodePressure,
        RolloutStuckAfterTemplateChange, OutOfMemory, ImagePullUnchanged, MissingObject, ConfigChangedInPlace, NodeNotReady, NoChangeFound,
        MemoryGrowing, CpuThrottled, LoadTooHigh, AutoscalerAtMaximum, DisruptionBudgetBlocks, PodStuckTerminating, VolumeFilling,
        DiskFilling, EndpointsEmpty, NetworkPolicyBlocks, JobFailed, PullSecretMissing, CapacityExhausted, NodeTainted, NodeLeftCordoned,
        RolloutPaused, PodCompromised, ResourcesMisfit, VolumeLost, BadRelease, BadCommit, CertificateNotRenewed,
        AuthorizationPolicyBlocks, StoreFragmented,
        .. MachineCauses.All,
    ];
}
