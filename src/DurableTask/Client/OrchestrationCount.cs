namespace Microsoft.DurableTask.Client;

/// <summary>How many instances of an orchestration are in a status.</summary>
/// <param name="Name">The orchestrator's name, as the instances carry it.</param>
/// <param name="Count">How many.</param>
/// <param name="IsEstimate">True for the number of completed instances of a large hub; it follows the storage's statistics.</param>
public sealed record OrchestrationCount(string Name, OrchestrationRuntimeStatus RuntimeStatus, long Count, bool IsEstimate);

/// <summary>Counts by name and status. This project's addition beside the contract.</summary>
public static class OrchestrationCountExtensions
{
    /// <summary>
    /// How many instances there are of each name and status; names and statuses without any are left out. Cheap at a million instances:
    /// the number of those that completed is then an estimate, all others are counted.
    /// </summary>
    /// <param name="client">A client over a task hub of this project.</param>
    /// <param name="name">Only this orchestration, compared without regard to case; null for all.</param>
    /// <param name="statuses">Only these; null for all.</param>
    /// <param name="exact">True to count what would be estimated; it may take seconds.</param>
    /// <exception cref="NotSupportedException">The client is another one.</exception>
    public static Task<IReadOnlyList<OrchestrationCount>> CountInstancesAsync(
        this DurableTaskClient client,
        TaskName? name = null,
        IEnumerable<OrchestrationRuntimeStatus>? statuses = null,
        bool exact = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client is TaskHubClient hubClient
            ? hubClient.CountInstancesAsync(name?.Name, statuses, exact, cancellation)
            : throw new NotSupportedException($"{client.GetType()} cannot count: expected a client over a task hub of this project.");
    }
}
