using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>How long durable retries go on. The drivers have tried a few times themselves before an activity fails.</summary>
internal static class Retries
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>The cluster does not answer: an incident waits for it for up to an hour, then people are called.</summary>
    public static TaskOptions Cluster { get; } = Policy(attempts: 100, timeout: TimeSpan.FromHours(1));

    /// <summary>A signal waits for the cluster for up to a day: nothing that was accepted is given up lightly.</summary>
    public static TaskOptions Routing { get; } = Policy(attempts: 2_000, timeout: TimeSpan.FromDays(1));

    /// <summary>The healer's own store: the engine does not run without the same server either.</summary>
    public static TaskOptions Store { get; } = Policy(attempts: 2_000, timeout: TimeSpan.FromDays(1));

    /// <summary>Judging has no reason to fail that a repetition would cure.</summary>
    public static TaskOptions Judging { get; } = Policy(attempts: 3, timeout: TimeSpan.FromMinutes(1));

    /// <summary>One look of a verification. The next look comes soon enough.</summary>
    public static TaskOptions Look { get; } = Policy(attempts: 2, timeout: TimeSpan.FromMinutes(1));

    /// <summary>An action, for as long as its workflow gives it.</summary>
    public static TaskOptions Within(TimeSpan timeout) => Policy(attempts: 100, timeout > First ? timeout : First);

    /// <summary>What may be kept waiting for a day, by a host that does not answer or a copy that is being written.</summary>
    public static TaskOptions Day { get; } = Policy(attempts: 2_000, timeout: TimeSpan.FromDays(1));

    private static TaskOptions Policy(int attempts, TimeSpan timeout) =>
        TaskOptions.FromRetryPolicy(
            new RetryPolicy(attempts, First, backoffCoefficient: 2, maxRetryInterval: Longest, retryTimeout: timeout));
}
