namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>What follows a failed attempt.</summary>
/// <param name="TryAgain">False to give up.</param>
/// <param name="Delay">A timer to wait for first; null for none.</param>
internal readonly record struct RetryVerdict(bool TryAgain, TimeSpan? Delay = null);

/// <summary>Says whether a failed task is tried again, and after which delay. Runs inside the orchestrator: deterministic.</summary>
internal static class RetryDecision
{
    // A policy without a maximum soon leaves the calendar; nobody waits for a timer of the next century either.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(36_500);

    /// <param name="attempt">1 for the first attempt, which has just failed.</param>
    /// <param name="elapsed">Since the first attempt, by the orchestrator's clock.</param>
    public static async Task<RetryVerdict> DecideAsync(
        TaskOrchestrationContext context,
        TaskRetryOptions? retry,
        TaskFailureDetails failure,
        int attempt,
        TimeSpan elapsed)
    {
        if (retry?.Handler is { } handler)
        {
            // A handler decides alone and may wait on a timer of its own.
            return new RetryVerdict(await handler(new RetryContext(context, attempt, failure, elapsed, CancellationToken.None)));
        }

        if (retry?.Policy is not { } policy
            || !policy.ShouldRetry(failure)
            || (policy.RetryTimeout != Timeout.InfiniteTimeSpan && elapsed >= policy.RetryTimeout))
        {
            return default;
        }

        // The last attempt is followed by a timer that fires at once: histories of the official engine have it, and ours must match them.
        return attempt >= policy.MaxNumberOfAttempts
            ? new RetryVerdict(TryAgain: false, TimeSpan.Zero)
            : new RetryVerdict(TryAgain: true, DelayAfter(policy, attempt));
    }

    private static TimeSpan DelayAfter(RetryPolicy policy, int attempt)
    {
        double seconds = policy.FirstRetryInterval.TotalSeconds * Math.Pow(policy.BackoffCoefficient, attempt - 1);
        double ceiling = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan
            ? LongestDelay.TotalSeconds
            : Math.Min(policy.MaxRetryInterval.TotalSeconds, LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Min(seconds, ceiling));
    }
}
