namespace Heal.Healing;

/// <summary>
/// What was seen of a target at one moment: bounded by <see cref="EvidenceLimits"/>, scrubbed of secrets, each item with an id that
/// hypotheses cite.
/// </summary>
/// <param name="Exists">False when the cluster says that there is no such target.</param>
/// <param name="Workload">Null when the target is no Deployment, StatefulSet, DaemonSet or ReplicaSet; <see cref="Object"/> is there
/// for every kind.</param>
/// <param name="Change">What the newest revision changed against the one before; null when there is no earlier one.</param>
/// <param name="UnreadyNeighbours">Deployments of the namespace, the target apart, that were not ready: the baseline of
/// verification.</param>
/// <param name="Gaps">What could not be read or was left out, and why: a diagnosis on incomplete evidence says so.</param>
public sealed record EvidenceBundle(
    TargetReference Target,
    DateTimeOffset CollectedAt,
    bool Exists,
    AutonomySetting Autonomy,
    WorkloadEvidence? Workload,
    IReadOnlyList<RevisionEvidence> Revisions,
    TemplateChange? Change,
    IReadOnlyList<PodEvidence> Pods,
    IReadOnlyList<EventEvidence> Events,
    IReadOnlyList<LogEvidence> Logs,
    IReadOnlyList<ConfigEvidence> Configs,
    IReadOnlyList<NodeEvidence> Nodes,
    IReadOnlyList<string> UnreadyNeighbours,
    IReadOnlyList<string> Gaps)
{
    /// <summary>The shape of the bundle, see <see cref="EvidenceJson.Schema"/>.</summary>
    public int Schema { get; init; } = EvidenceJson.Schema;

    /// <summary>Where the whole bundle is kept when this one is its digest; null when it is the whole, or was not kept.</summary>
    public EvidenceReference? Stored { get; init; }

    /// <summary>The target itself, whatever its kind; null when it does not exist or may not be read.</summary>
#pragma warning disable CA1720 // It is the word of Kubernetes for it.
    public ObjectEvidence? Object { get; init; }
#pragma warning restore CA1720

    /// <summary>From the target's own owner to the topmost.</summary>
    public IReadOnlyList<OwnerEvidence> Owners { get; init; } = [];

    public IReadOnlyList<SiblingEvidence> Siblings { get; init; } = [];

    /// <summary>Services, endpoints, policies, budgets, autoscalers, quotas, limits, claims and their classes.</summary>
    public IReadOnlyList<RelatedEvidence> Related { get; init; } = [];

    /// <summary>Services without a ready backend that the target's pods name; those that a log complains of first.</summary>
    public IReadOnlyList<DependencyEvidence> Dependencies { get; init; } = [];

    /// <summary>
    /// Since when what the target's pods say that they did not reach is there; where the incident waited for
    /// <see cref="Dependencies"/>, its first look that found none any more, or the last one. Null: nothing was missed.
    /// </summary>
    public DateTimeOffset? BlockedUntil { get; init; }

    /// <summary>The newest first, within <see cref="EvidenceLimits.RecentWindow"/>.</summary>
    public IReadOnlyList<ChangeEvidence> RecentChanges { get; init; } = [];

    /// <summary>For targets on a libvirt host; null for all others.</summary>
    public MachineEvidence? Machine { get; init; }

    /// <summary>Nodes and the machines that they are, above or below the target; null where one of the two worlds is not there.</summary>
    public LayerEvidence? Layers { get; init; }

    /// <summary>The name of the alert that is held against the evidence; null where none is, and in what is kept.</summary>
    public string? Claim { get; init; }

    /// <summary>A bundle that says only that the target is not there, or not readable, and why.</summary>
    public static EvidenceBundle Empty(
        TargetReference target, DateTimeOffset at, bool exists, AutonomySetting autonomy, params string[] gaps) =>
        new(target, at, exists, autonomy, null, [], null, [], [], [], [], [], [], gaps);
}

/// <param name="Owner">Who manages the object's content besides people; null when nobody was recognised.</param>
/// <param name="TemplateHash">Hash of the pod template as it is now.</param>
public sealed record WorkloadEvidence(
    string Id,
    string Uid,
    DateTimeOffset CreatedAt,
    long Generation,
    long ObservedGeneration,
    int DesiredReplicas,
    int UpdatedReplicas,
    int ReadyReplicas,
    int AvailableReplicas,
    bool Paused,
    bool Deleting,
    string TemplateHash,
    ManagedBy? Owner,
    string? LastChangedBy,
    IReadOnlyList<ConditionEvidence> Conditions)
{
    public ConditionEvidence? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);
}

/// <summary>Something other than a person that keeps the object as it wants it: a live patch would be reverted or cause drift.</summary>
/// <param name="Tool">For example Helm, Argo CD, Flux.</param>
/// <param name="Proof">The label, annotation or owner reference that says so.</param>
public sealed record ManagedBy(string Tool, string Proof);

public sealed record ConditionEvidence(string Type, bool Status, string Reason, string Message, DateTimeOffset? Since);

/// <summary>One ReplicaSet of a Deployment, or one ControllerRevision of a StatefulSet or DaemonSet.</summary>
/// <param name="WasHealthy">What proves that it was healthy; null when nothing does.</param>
/// <param name="WasUnhealthy">What speaks against it; null when nothing does.</param>
/// <param name="ServedFor">From its creation to the creation of the revision after it; null when that cannot be told.</param>
public sealed record RevisionEvidence(
    string Id,
    string Name,
    string Uid,
    long Revision,
    DateTimeOffset CreatedAt,
    int Replicas,
    int ReadyReplicas,
    string TemplateHash,
    IReadOnlyList<string> Images,
    string? WasHealthy,
    string? WasUnhealthy,
    TimeSpan? ServedFor);

/// <summary>What a newer pod template changed.</summary>
/// <param name="At">When the newer ReplicaSet was created.</param>
/// <param name="Omitted">Differences beyond the limit.</param>
public sealed record TemplateChange(
    string Id, string FromRevision, string ToRevision, DateTimeOffset At, IReadOnlyList<Difference> Differences, int Omitted);

/// <param name="Path">For example <c>spec.containers[app].image</c>.</param>
/// <param name="Old">Null when the value is new. Secrets never.</param>
/// <param name="New">Null when the value was removed.</param>
public sealed record Difference(string Id, string Path, string? Old, string? New);

/// <param name="Revision">The name of the ReplicaSet or ControllerRevision that the pod is of; of its controller when there is
/// none.</param>
public sealed record PodEvidence(
    string Id,
    string Name,
    string Revision,
    string Phase,
    string? Reason,
    bool Ready,
    bool Terminating,
    string? Node,
    DateTimeOffset CreatedAt,
    IReadOnlyList<ContainerEvidence> Containers)
{
    public string Namespace { get; init; } = "";

    /// <summary>Of a pod that is not ready; empty for one that is.</summary>
    public IReadOnlyList<ConditionEvidence> Conditions { get; init; } = [];

    public ConditionEvidence? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);
}

/// <param name="Waiting">The reason why it waits, for example CrashLoopBackOff; null when it does not.</param>
/// <param name="LastReason">Why the previous run ended, for example OOMKilled.</param>
public sealed record ContainerEvidence(
    string Id,
    string Name,
    string Image,
    bool Ready,
    int Restarts,
    string? Waiting,
    string? WaitingMessage,
    string? LastReason,
    int? LastExitCode,
    DateTimeOffset? LastFinishedAt)
{
    /// <summary>What <see cref="LastReason"/> is then.</summary>
    public const string OutOfMemory = "OOMKilled";

    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(10);

    public IReadOnlyList<QuantityEvidence> Resources { get; init; } = [];

    /// <summary>Whether the previous run ended badly and not long ago.</summary>
    public bool HasCrashedLately(DateTimeOffset now) =>
        (LastExitCode is not (null or 0) || LastReason == OutOfMemory) && (LastFinishedAt is not { } at || now - at <= Lately);
}

public sealed record EventEvidence(
    string Id, string Type, string Reason, string Subject, string Message, int Count, DateTimeOffset? First, DateTimeOffset? Last)
{
    /// <summary>The kind of the subject.</summary>
    public string Kind { get; init; } = "";
}

/// <param name="Previous">True for the log of the run before the current one.</param>
public sealed record LogEvidence(string Id, string Pod, string Container, bool Previous, IReadOnlyList<string> Lines);

/// <summary>A ConfigMap or Secret that the pods use: its identity, never its content.</summary>
/// <param name="Exists">False when the pods refer to one that is not there.</param>
/// <param name="ResourceVersion">Changes with every write.</param>
/// <param name="Hash">Of a ConfigMap's content. Null for a Secret: the hash of a short secret gives it away.</param>
/// <param name="ChangedAt">When it was last written, as far as the cluster tells.</param>
public sealed record ConfigEvidence(
    string Id, string Name, bool Exists, bool UsedByCurrent, bool UsedByPrevious,
    string? ResourceVersion, string? Hash, IReadOnlyList<string> Keys, DateTimeOffset? CreatedAt, DateTimeOffset? ChangedAt)
{
    public const string ConfigMap = "ConfigMap";
    public const string Secret = "Secret";

    public string Kind { get; init; } = ConfigMap;
}

public sealed record NodeEvidence(string Id, string Name, bool Ready, bool Unschedulable, string? Reason)
{
    public IReadOnlyList<ConditionEvidence> Conditions { get; init; } = [];

    /// <summary>As <c>key=value:effect</c>.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];

    /// <summary>Allocatable resources and, when metrics are served, usage.</summary>
    public IReadOnlyList<FactEvidence> Facts { get; init; } = [];

    /// <summary>Conditions other than Ready that are true: pressures, and what a node problem detector found.</summary>
    public IEnumerable<ConditionEvidence> Problems() => Conditions.Where(condition => condition is { Status: true, Type: not "Ready" });
}
