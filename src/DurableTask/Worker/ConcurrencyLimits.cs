namespace Microsoft.DurableTask.Worker;

/// <summary>
/// How much of one name runs at a time, all workers of the hub together. Give all workers the same limits: each enforces its own. Names are
/// compared without regard to case; without limits nothing is asked of the hub.
/// </summary>
public sealed class ConcurrencyLimits
{
    /// <summary>How many activities of a name run at a time. What is over the limit waits in the hub, oldest first.</summary>
    public IDictionary<string, int> Activities { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many orchestrations of a name have started and not ended. What is over the limit stays Pending, oldest first;
    /// terminating it needs no place.</summary>
    public IDictionary<string, int> Orchestrations { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    internal IEnumerable<string> Faults() =>
        from limit in Activities.Select(limit => (Kind: nameof(Activities), limit.Key, limit.Value))
            .Concat(Orchestrations.Select(limit => (Kind: nameof(Orchestrations), limit.Key, limit.Value)))
        where limit.Value < 1
        select $"{limit.Kind}[{limit.Key}] is {limit.Value}; expected at least 1.";

    /// <summary>The limits as the hub wants them: names in lower case; null for none.</summary>
    internal static IReadOnlyDictionary<string, int>? ForHub(IDictionary<string, int> limits) => limits.Count == 0
        ? null
        : limits.ToDictionary(limit => limit.Key.ToLowerInvariant(), limit => limit.Value, StringComparer.OrdinalIgnoreCase);
}
