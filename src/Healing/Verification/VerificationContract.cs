namespace Heal.Healing;

/// <summary>What must be seen before an incident may call its target healed. Derived from the workflow and from the target as it was
/// before.</summary>
/// <param name="Generation">The generation of the target that carries the effect; the controller must have seen it.</param>
/// <param name="Replicas">Replicas wanted when the action was taken. Fewer count only when somebody scaled the target meanwhile.</param>
/// <param name="OperationKey">The mark that our operation left on the target; gone means that somebody else changed it.</param>
/// <param name="TemplateHash">The pod template that our operation left; another one means the same.</param>
/// <param name="UnreadyNeighbours">Other workloads of the namespace that were not ready before; more than these is "worse".</param>
public sealed record VerificationContract(
    TargetReference Target,
    long Generation,
    int Replicas,
    string OperationKey,
    string TemplateHash,
    IReadOnlyList<string> UnreadyNeighbours,
    TimeSpan StableFor,
    TimeSpan Timeout,
    TimeSpan PollEvery)
{
    /// <summary>False when the operation was on an object beside the target, so that the target carries no mark of it.</summary>
    public bool MarksTarget { get; init; } = true;
}

/// <summary>One look at the target after an action.</summary>
/// <param name="OperationKey">The mark on the target now.</param>
/// <param name="CurrentPods">Pods of the newest revision that are not terminating.</param>
/// <param name="Troubled">Containers of those pods that wait or have crashed, each with its reason.</param>
/// <param name="Restarts">Restarts of all containers of those pods: a rise between two looks is a crash that was missed.</param>
public sealed record VerificationObservation(
    bool Exists,
    long Generation,
    long ObservedGeneration,
    int DesiredReplicas,
    int UpdatedReplicas,
    int ReadyReplicas,
    int TotalReplicas,
    string? OperationKey,
    string TemplateHash,
    string? LastChangedBy,
    int CurrentPods,
    IReadOnlyList<string> Troubled,
    int Restarts,
    IReadOnlyList<string> UnreadyNeighbours);

/// <summary>What one look says. The orchestration keeps the clock: how long "healthy" has lasted, and when time is up.</summary>
/// <param name="Restarts">Handed back in for the next look.</param>
public sealed record VerificationLook(VerificationVerdict Verdict, string Reason, int Restarts);

public enum VerificationVerdict
{
    /// <summary>Not there yet, or broken again.</summary>
    NotHealthy,

    /// <summary>Everything the contract asks for was seen.</summary>
    Healthy,

    /// <summary>Somebody else changed or removed the target: it is no longer our effect that is looked at.</summary>
    Superseded,

    /// <summary>It had come up, and has failed anew: waiting will not make it healthy.</summary>
    BrokenAgain,
}
