namespace Microsoft.DurableTask;

/// <summary>
/// Says how often and when a failed activity or sub-orchestration is tried again. The delay before retry n (from 0) is
/// first interval × coefficient^n, never more than the maximum. A failure that no retry can help (unknown task, version mismatch) is
/// never retried.
/// </summary>
public class RetryPolicy
{
    private static readonly TimeSpan DefaultMaxRetryInterval = TimeSpan.FromHours(1);
    private readonly Func<TaskFailureDetails, bool>? _handleFailure;

    /// <summary>Creates a policy.</summary>
    /// <param name="maxNumberOfAttempts">How often to try in all, the first attempt included; at least 1.</param>
    /// <param name="firstRetryInterval">The delay before the first retry; more than zero.</param>
    /// <param name="backoffCoefficient">By how much each delay is longer than the one before; at least 1, the default.</param>
    /// <param name="maxRetryInterval">The longest delay; null is one hour (or the first interval if that is longer), <see
    /// cref="Timeout.InfiniteTimeSpan"/> no limit.</param>
    /// <param name="retryTimeout">No retry starts later than this after the first attempt; null is no limit.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public RetryPolicy(
        int maxNumberOfAttempts,
        TimeSpan firstRetryInterval,
        double backoffCoefficient = 1,
        TimeSpan? maxRetryInterval = default,
        TimeSpan? retryTimeout = default)
    {
        if (maxNumberOfAttempts <= 0)
        {
            throw OutOfRange(nameof(maxNumberOfAttempts), maxNumberOfAttempts, "at least 1");
        }

        if (firstRetryInterval <= TimeSpan.Zero)
        {
            throw OutOfRange(nameof(firstRetryInterval), firstRetryInterval, "more than zero");
        }

        if (double.IsNaN(backoffCoefficient) || backoffCoefficient < 1)
        {
            throw OutOfRange(nameof(backoffCoefficient), backoffCoefficient, "at least 1");
        }

        if (maxRetryInterval is { } max && max < firstRetryInterval && max != Timeout.InfiniteTimeSpan)
        {
            throw OutOfRange(nameof(maxRetryInterval), max, $"at least the first interval ({firstRetryInterval}), or infinite");
        }

        if (retryTimeout is { } timeout && timeout < firstRetryInterval && timeout != Timeout.InfiniteTimeSpan)
        {
            throw OutOfRange(nameof(retryTimeout), timeout, $"at least the first interval ({firstRetryInterval}), or infinite");
        }

        MaxNumberOfAttempts = maxNumberOfAttempts;
        FirstRetryInterval = firstRetryInterval;
        BackoffCoefficient = backoffCoefficient;
        MaxRetryInterval = maxRetryInterval ?? TimeSpan.FromTicks(Math.Max(firstRetryInterval.Ticks, DefaultMaxRetryInterval.Ticks));
        RetryTimeout = retryTimeout ?? Timeout.InfiniteTimeSpan;
    }

    /// <summary>How often to try in all, the first attempt included.</summary>
    public int MaxNumberOfAttempts { get; }

    /// <summary>The delay before the first retry.</summary>
    public TimeSpan FirstRetryInterval { get; }

    /// <summary>By how much each delay is longer than the one before.</summary>
    public double BackoffCoefficient { get; }

    /// <summary>The longest delay between two attempts; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan MaxRetryInterval { get; }

    /// <summary>No retry starts later than this after the first attempt; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan RetryTimeout { get; }

    /// <summary>
    /// Decides from the exception whether to try again. Answers with <see cref="HandleFailure"/> when that is set, else always true.
    /// </summary>
    public Func<Exception, bool> Handle => exception => ShouldRetry(TaskFailureDetails.FromException(exception, unwrapTaskFailure: true));

    /// <summary>Not called by the engine: an asynchronous decision is an <see cref="AsyncRetryHandler"/>.</summary>
    [Obsolete("The engine never calls it. Use HandleFailure, or TaskOptions.FromRetryHandler for an asynchronous decision.")]
    public Func<Exception, Task<bool>>? HandleAsync { get; set; }

    /// <summary>Decides from the failure whether to try again; runs inside the orchestrator, so it must be deterministic.</summary>
    public Func<TaskFailureDetails, bool> HandleFailure
    {
        init => _handleFailure = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>True when the policy's filter lets this failure be tried again (attempts and timeout are judged by the caller).</summary>
    internal bool ShouldRetry(TaskFailureDetails failure) => _handleFailure is null || _handleFailure(failure);

    private static ArgumentOutOfRangeException OutOfRange(string parameter, object got, string expected) =>
        new(parameter, got, $"RetryPolicy '{parameter}': expected {expected}, got {got}.");
}
