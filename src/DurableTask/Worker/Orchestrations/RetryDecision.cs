namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>Says whether a failed task is tried again, and after which delay. Runs inside the orchestrator: deterministic.</summary>
internal static class RetryDecision
{
    // A policy without a maximum soon leaves the calendar; nobody waits for a timer of the next century either.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(36_500);

    /// <param name="attempt">1 for the first attempt, which has just failed.</param>
    /// <param name="elapsed">Since the first attempt, by the orchestrator's clock.</param>
    /// <returns>Null to give up.</returns>
    public static async Task<TimeSpan?> NextDelayAsync(
        TaskOrchestrationContext context,
        TaskRetryOptions? retry,
        TaskFailureDetails failure,
        int attempt,
        TimeSpan elapsed)
    {
        if (retry?.Handler is { } handler)
        {
            // A handler decides alone and may wait on a timer of its own.
            var retryContext = new RetryContext(context, attempt, failure, elapsed, CancellationToken.None);
            return await handler(retryContext) ? TimeSpan.Zero : null;
        }

        if (retry?.Policy is not { } policy
            || attempt >= policy.MaxNumberOfAttempts
            || (policy.RetryTimeout != Timeout.InfiniteTimeSpan && elapsed >= policy.RetryTimeout)
            || !policy.ShouldRetry(failure))
        {
            return null;
        }

        double seconds = policy.FirstRetryInterval.TotalSeconds * Math.Pow(policy.BackoffCoefficient, attempt - 1);
        double ceiling = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan
            ? LongestDelay.TotalSeconds
            : Math.Min(policy.MaxRetryInterval.TotalSeconds, LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Min(seconds, ceiling));
    }
}
