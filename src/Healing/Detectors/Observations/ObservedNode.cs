namespace Heal.Healing;

/// <param name="CordonedAt">Since when it takes no new pods, as far as that can be seen; null when it takes them.</param>
/// <param name="IsCordonUndated">The node does not say since when, and the time is that at which this process saw it first.</param>
public sealed record ObservedNode(
    ObjectInfo Info, DateTimeOffset? CordonedAt, IReadOnlyList<ObservedCondition> Conditions, bool IsCordonUndated = false) : Observed(Info)
{
    public ObservedCondition? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    public bool IsReady => Condition("Ready")?.IsTrue == true;
}
