namespace Heal.Healing;

/// <param name="Phase">Pending, Running, Succeeded, Failed or Unknown.</param>
public sealed record ObservedPod(
    ObjectInfo Info,
    string? Node,
    string? Phase,
    string? Reason,
    string? Message,
    IReadOnlyList<ObservedCondition> Conditions,
    IReadOnlyList<ObservedContainer> Containers,
    IReadOnlyList<string> Finalizers) : Observed(Info)
{
    public ObservedCondition? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    /// <summary>A Job counts the failures of its pods itself.</summary>
    public bool IsOfJob => Info.Owner?.Kind == TargetKinds.Job;

    public bool IsLeaving => Info.DeletedAt is not null;
}

/// <param name="Waiting">Why it waits; null when it does not.</param>
/// <param name="RunningSince">Null when it does not run.</param>
/// <param name="LastExit">How it ended last, be it now or before its last start.</param>
/// <param name="IsInit">It is listed among those that start before the others.</param>
/// <param name="IsSidecar">Of those, one that runs on beside the others and is restarted whatever the pod says.</param>
public sealed record ObservedContainer(
    string Name, int Restarts, string? Waiting, string? WaitingMessage, DateTimeOffset? RunningSince, ObservedExit? LastExit,
    bool IsInit = false, bool IsSidecar = false)
{
    /// <summary>Where its status is.</summary>
    public string Path => $"status.{(IsInit ? "initContainerStatuses" : "containerStatuses")}[{Name}]";
}

public sealed record ObservedExit(int Code, string? Reason, DateTimeOffset? At)
{
    public bool IsOutOfMemory => Reason == "OOMKilled";
}
