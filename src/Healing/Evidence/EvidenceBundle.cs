namespace Heal.Healing;

/// <summary>
/// What was seen of a target at one moment: bounded by <see cref="EvidenceLimits"/>, scrubbed of secrets, each item with an id that
/// hypotheses cite.
/// </summary>
/// <param name="Exists">False when the cluster says that there is no such target.</param>
/// <param name="Workload">Null when the target does not exist or is of a kind that is not read yet.</param>
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

/// <summary>One ReplicaSet of the Deployment.</summary>
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

/// <param name="Revision">The name of the ReplicaSet that owns the pod.</param>
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
    IReadOnlyList<ContainerEvidence> Containers);

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
    DateTimeOffset? LastFinishedAt);

public sealed record EventEvidence(
    string Id, string Type, string Reason, string Subject, string Message, int Count, DateTimeOffset? First, DateTimeOffset? Last);

/// <param name="Previous">True for the log of the run before the current one.</param>
public sealed record LogEvidence(string Id, string Pod, string Container, bool Previous, IReadOnlyList<string> Lines);

/// <summary>A ConfigMap that the pods use: its identity and a hash, never its content.</summary>
/// <param name="Exists">False when the pods refer to one that is not there.</param>
/// <param name="ChangedAt">When it was last written, as far as the cluster tells.</param>
public sealed record ConfigEvidence(
    string Id, string Name, bool Exists, bool UsedByCurrent, bool UsedByPrevious,
    string? ResourceVersion, string? Hash, IReadOnlyList<string> Keys, DateTimeOffset? CreatedAt, DateTimeOffset? ChangedAt);

public sealed record NodeEvidence(string Id, string Name, bool Ready, bool Unschedulable, string? Reason);
