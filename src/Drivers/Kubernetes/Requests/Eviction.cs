namespace Heal.Drivers.Kubernetes;

/// <summary>How to evict a pod.</summary>
public sealed record EvictionOptions
{
    /// <summary>Only the pod with this uid; null: whichever has the name.</summary>
    public string? Uid { get; init; }

    /// <summary>Seconds that the containers get to end; null: the pod's own.</summary>
    public int? GracePeriodSeconds { get; init; }

    /// <summary>The server judges (budgets included) and evicts nothing. Default false.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What became of an eviction.</summary>
public enum EvictionOutcome
{
    /// <summary>The server has accepted it: the pod is being deleted.</summary>
    Evicted,

    /// <summary>There is no such pod (any more).</summary>
    NotFound,

    /// <summary>A PodDisruptionBudget allows none now: try later.</summary>
    Refused,

    /// <summary>It can never succeed while things are as they are: several budgets select the pod, or one cannot be computed.</summary>
    Misconfigured,
}

/// <summary>The answer to an eviction.</summary>
/// <param name="Budget">The budget that refused, by name; null when none did, empty when the server did not say.</param>
/// <param name="Explanation">The server's words; empty when evicted. Data from outside.</param>
/// <param name="RetryAfter">How long the server asks to wait; null when it does not.</param>
public sealed record EvictionResult(EvictionOutcome Outcome, string? Budget, string Explanation, TimeSpan? RetryAfter);
