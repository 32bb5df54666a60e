using DurableTask.Core;

namespace Microsoft.DurableTask.Client;

/// <summary>Judges which existing instances may be replaced by a new one with the same id. By default only those that have ended.</summary>
internal sealed record ReusePolicy
{
    private static readonly IReadOnlyList<OrchestrationStatus> AllStatuses =
        [.. StartOrchestrationOptionsExtensions.ValidDedupeStatuses.Select(status => status.ToCore())];

    private ReusePolicy(IEnumerable<OrchestrationStatus> reusable)
    {
        var all = reusable.ToList();
        Ended = [.. all.Where(status => status.IsTerminal())];
        Open = [.. all.Where(status => !status.IsTerminal())];
    }

    /// <summary>Instances in these statuses are replaced as they are.</summary>
    public IReadOnlyList<OrchestrationStatus> Ended { get; }

    /// <summary>Instances in these statuses are terminated first.</summary>
    public IReadOnlyList<OrchestrationStatus> Open { get; }

    /// <param name="dedupeStatuses">The statuses that forbid a new instance, by name; null for the default.</param>
    /// <exception cref="ArgumentException">A name is no status, or the statuses contradict each other.</exception>
    public static ReusePolicy From(IReadOnlyList<string>? dedupeStatuses)
    {
        if (dedupeStatuses is null)
        {
            return new ReusePolicy(AllStatuses.Where(status => status.IsTerminal()));
        }

        var taken = dedupeStatuses.Select(Parse).ToHashSet();
        var policy = new ReusePolicy(AllStatuses.Where(status => !taken.Contains(status)));
        return policy.Open.Count > 0 && taken.Contains(OrchestrationStatus.Terminated)
            ? throw new ArgumentException(
                $"Dedupe statuses: an instance in status {string.Join(", ", policy.Open)} would be terminated to be replaced, "
                + "but 'Terminated' forbids the replacement. Remove 'Terminated', or add those statuses.", nameof(dedupeStatuses))
            : policy;
    }

    private static OrchestrationStatus Parse(string name)
    {
        foreach (var status in AllStatuses)
        {
            if (string.Equals(status.ToString(), name, StringComparison.OrdinalIgnoreCase))
            {
                return status;
            }
        }

        throw new ArgumentException(
            $"Dedupe status: expected one of {string.Join(", ", AllStatuses)}, got '{name}'.", nameof(name));
    }
}
