namespace Heal.Healing;

/// <summary>A PersistentVolumeClaim as its filesystem was measured.</summary>
/// <param name="MeasuredAt">Null as long as nobody measured it.</param>
public sealed record ObservedClaim(ObjectInfo Info, DateTimeOffset? MeasuredAt = null, long UsedBytes = 0, long CapacityBytes = 0)
    : Observed(Info);

/// <param name="Limited">The condition ScalingLimited.</param>
public sealed record ObservedAutoscaler(ObjectInfo Info, int Minimum, int Maximum, int Current, int Wanted, ObservedCondition? Limited)
    : Observed(Info);

/// <param name="Allowed">Pods that may be evicted now.</param>
/// <param name="Healthy">Pods that are healthy now.</param>
/// <param name="WantedHealthy">Pods that must stay healthy.</param>
/// <param name="Expected">Pods that it covers.</param>
public sealed record ObservedBudget(
    ObjectInfo Info, LabelMatch Selector, int Allowed, int Healthy, int WantedHealthy, int Expected, bool IsObserved) : Observed(Info);

/// <param name="Selector">Null: somebody else keeps its endpoints.</param>
public sealed record ObservedService(ObjectInfo Info, LabelMatch? Selector) : Observed(Info);

/// <summary>The backends of a service, or a slice of them.</summary>
public sealed record ObservedBackends(ObjectInfo Info, string Service, int Ready, int NotReady) : Observed(Info);

public sealed record ObservedQuota(ObjectInfo Info, IReadOnlyList<QuotaUse> Uses) : Observed(Info);

/// <param name="Hard">The limit, as a number of its unit.</param>
public sealed record QuotaUse(string Resource, string UsedText, string HardText, decimal Used, decimal Hard)
{
    public bool IsExhausted => Used >= Hard;
}

/// <summary>A label selector.</summary>
public sealed record LabelMatch(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<LabelCondition> Conditions)
{
    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        var has = labels ?? new Dictionary<string, string>();
        return Labels.All(wanted => has.TryGetValue(wanted.Key, out var value) && value == wanted.Value)
            && Conditions.All(condition => condition.Holds(has));
    }
}

/// <param name="Operator">In, NotIn, Exists or DoesNotExist; anything else holds never.</param>
public sealed record LabelCondition(string Label, string Operator, IReadOnlyList<string> Values)
{
    public bool Holds(IReadOnlyDictionary<string, string> labels) => Operator switch
    {
        "In" => labels.TryGetValue(Label, out var value) && Values.Contains(value),
        "NotIn" => !labels.TryGetValue(Label, out var value) || !Values.Contains(value),
        "Exists" => labels.ContainsKey(Label),
        "DoesNotExist" => !labels.ContainsKey(Label),
        _ => false,
    };
}
