using System.Runtime.CompilerServices;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Client;

/// <summary>Histories of any length. This type is this project's addition beside the contract.</summary>
public static class OrchestrationHistoryExtensions
{
    /// <summary>
    /// The history of an instance in parts, for whoever need not hold all of it; what
    /// <see cref="DurableTaskClient.GetOrchestrationHistoryAsync"/> returns as a whole. Nothing for an instance that is not there. It ends
    /// early when the instance continues as new meanwhile.
    /// </summary>
    public static IAsyncEnumerable<HistoryEvent> ReadOrchestrationHistoryAsync(
        this DurableTaskClient client, string instanceId, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client is TaskHubClient own
            ? own.ReadOrchestrationHistoryAsync(instanceId, cancellation)
            : OfWholeAsync(client, instanceId, cancellation);
    }

    private static async IAsyncEnumerable<HistoryEvent> OfWholeAsync(
        DurableTaskClient client, string instanceId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await client.GetInstanceAsync(instanceId, cancellation) is null)
        {
            yield break;
        }

        foreach (HistoryEvent entry in await client.GetOrchestrationHistoryAsync(instanceId, cancellation))
        {
            yield return entry;
        }
    }
}
