namespace Heal.Healing;

/// <param name="CordonedAt">Since when it takes no new pods, as far as that can be seen; null when it takes them.</param>
public sealed record ObservedNode(ObjectInfo Info, DateTimeOffset? CordonedAt, IReadOnlyList<ObservedCondition> Conditions) : Observed(Info)
{
    public ObservedCondition? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    public bool IsReady => Condition("Ready")?.IsTrue == true;
}
