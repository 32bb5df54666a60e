namespace Heal.Healing;

/// <summary>A Deployment, ReplicaSet, StatefulSet or DaemonSet.</summary>
/// <param name="IsObserved">Its controller has seen the newest spec, so that the counts are about it.</param>
/// <param name="TemplateLabels">The labels of its pods.</param>
public sealed record ObservedWorkload(
    ObjectInfo Info,
    int Desired,
    int Updated,
    int Ready,
    bool IsObserved,
    bool IsPaused,
    IReadOnlyDictionary<string, string> TemplateLabels,
    IReadOnlyList<ObservedCondition> Conditions) : Observed(Info)
{
    public ObservedCondition? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    public bool IsRolledOut => IsObserved && Updated >= Desired && Ready >= Desired;
}

/// <param name="Retries">How many of its pods have failed.</param>
public sealed record ObservedJob(ObjectInfo Info, int Retries, ObservedCondition? Failed, ObservedCondition? Complete) : Observed(Info);
