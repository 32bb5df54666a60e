using System.Globalization;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>The retry attribute of a function, read and checked.</summary>
/// <param name="MaxRetryCount">Further attempts after the first; -1 means without end.</param>
internal sealed record FunctionRetry(int MaxRetryCount, TimeSpan MinimumDelay, TimeSpan MaximumDelay)
{
    // The longest wait that a timer of the runtime takes is 49 days.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public bool Allows(int retry) => MaxRetryCount < 0 || retry <= MaxRetryCount;

    /// <param name="retry">1 for the first further attempt.</param>
    public TimeSpan DelayBefore(int retry)
    {
        double delay = MinimumDelay.Ticks * Math.Pow(2, Math.Min(retry - 1, 62));
        return delay < MaximumDelay.Ticks ? TimeSpan.FromTicks((long)delay) : MaximumDelay;
    }

    /// <returns>Null when there is no attribute, or a faulty one.</returns>
    public static FunctionRetry? Of(RetryAttribute? attribute, TriggerBindingAttribute trigger, Action<string> fault)
    {
        if (attribute is null)
        {
            return null;
        }

        string name = attribute.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);
        if (Instead(trigger) is { } instead)
        {
            fault($"has [{name}], which this trigger does not take: {instead}");
            return null;
        }

        if (attribute.MaxRetryCount < -1)
        {
            fault($"has [{name}] with {attribute.MaxRetryCount} retries, expected a number from 0, or -1 for no end");
        }

        return attribute switch
        {
            FixedDelayRetryAttribute @fixed when Delay(@fixed.DelayInterval, TimeSpan.Zero, name, fault) is { } delay =>
                new(attribute.MaxRetryCount, delay, delay),
            ExponentialBackoffRetryAttribute grows
                when Delay(grows.MinimumInterval, TimeSpan.FromTicks(1), name, fault) is { } least
                && Delay(grows.MaximumInterval, least, name, fault) is { } most => new(attribute.MaxRetryCount, least, most),
            _ => null,
        };
    }

    private static TimeSpan? Delay(string text, TimeSpan least, string name, Action<string> fault)
    {
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan delay) && delay >= least && delay <= Longest)
        {
            return delay;
        }

        fault($"has [{name}] with the wait '{text}', expected a time as \"hh:mm:ss\" from {least:c} to {Longest:c}");
        return null;
    }

    private static string? Instead(TriggerBindingAttribute trigger) => trigger switch
    {
        TimerTriggerAttribute => null,
        HttpTriggerAttribute => "the caller sees the failure and tries again, or start an orchestration",
        QueueTriggerAttribute => "its messages come back up to extensions.queues.maxDequeueCount of host.json",
        ActivityTriggerAttribute => "give the call TaskOptions.FromRetryPolicy(...) in the orchestrator",
        OrchestrationTriggerAttribute => "give the call of the sub-orchestrator TaskOptions.FromRetryPolicy(...)",
        _ => "only timer functions are run again by the host",
    };
}
