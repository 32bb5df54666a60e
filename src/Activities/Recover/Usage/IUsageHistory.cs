namespace Heal.Activities;

/// <summary>What containers have used over days. The metrics API of a cluster has the present only.</summary>
internal interface IUsageHistory
{
    /// <exception cref="UsageException">It was asked and did not answer as it should.</exception>
    Task<UsageHistory> ReadAsync(UsageQuery query, CancellationToken cancellationToken);
}

/// <param name="Pods">A regular expression (RE2, anchored) for the names that the pods have and had.</param>
internal sealed record UsageQuery(string Namespace, string Pods, string Container, TimeSpan Window);

/// <param name="Hours">Full hours of the window for which there is anything, of both resources.</param>
/// <param name="Cpu">Cores: the 95th percentile of the busiest pod in the busiest hour.</param>
/// <param name="Memory">Bytes: the highest working set of any pod.</param>
internal sealed record UsageHistory(int Hours, decimal Cpu, decimal Memory);

/// <summary>The source of usage failed.</summary>
internal sealed class UsageException(string detail) : Exception($"The history of usage cannot be read: {detail}");
