namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Runs a timer function again after it failed, in this process; the count is forgotten when the host ends. Triggers that have a way of
/// their own to come again (HTTP, queues, durable tasks) do not take it: refused at start.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public abstract class RetryAttribute : Attribute
{
    /// <summary>Further attempts after the first; -1 means without end.</summary>
    public int MaxRetryCount { get; protected set; }
}

/// <summary>The same wait before each further attempt.</summary>
public sealed class FixedDelayRetryAttribute : RetryAttribute
{
    /// <param name="maxRetryCount">Further attempts after the first; -1 means without end.</param>
    /// <param name="delayInterval">The wait, as "hh:mm:ss".</param>
    public FixedDelayRetryAttribute(int maxRetryCount, string delayInterval)
    {
        MaxRetryCount = maxRetryCount;
        DelayInterval = delayInterval;
    }

    public string DelayInterval { get; }
}

/// <summary>A wait that doubles with each further attempt, from the minimum to the maximum.</summary>
public sealed class ExponentialBackoffRetryAttribute : RetryAttribute
{
    /// <param name="maxRetryCount">Further attempts after the first; -1 means without end.</param>
    /// <param name="minimumInterval">The first wait, as "hh:mm:ss", above zero.</param>
    /// <param name="maximumInterval">The longest wait, as "hh:mm:ss".</param>
    public ExponentialBackoffRetryAttribute(int maxRetryCount, string minimumInterval, string maximumInterval)
    {
        MaxRetryCount = maxRetryCount;
        MinimumInterval = minimumInterval;
        MaximumInterval = maximumInterval;
    }

    public string MinimumInterval { get; }

    public string MaximumInterval { get; }
}
