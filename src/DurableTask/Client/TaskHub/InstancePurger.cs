using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Client;

/// <summary>
/// Removes ended instances. Sub-orchestrations go before their parent, so that a purge that was cut short can be repeated;
/// those that still run are left alone with all below them.
/// </summary>
internal sealed class InstancePurger(ClientHub hub, TimeProvider time)
{
    private static readonly IReadOnlyList<OrchestrationStatus> EndedStatuses =
        [OrchestrationStatus.Completed, OrchestrationStatus.Failed, OrchestrationStatus.Canceled, OrchestrationStatus.Terminated];

    /// <exception cref="InvalidOperationException">The instance has not ended.</exception>
    public async Task<PurgeResult> PurgeAsync(string instanceId, bool recursive, CancellationToken cancellation)
    {
        var state = await hub.GetInstanceAsync(instanceId, withPayloads: false, cancellation);
        if (state is null)
        {
            return new PurgeResult(0, isComplete: true);
        }

        if (!state.Status.IsTerminal())
        {
            throw new InvalidOperationException(
                $"Instance '{instanceId}' is {state.Status}: only ended instances can be purged. Terminate it first.");
        }

        var count = await PurgeBatchAsync([instanceId], recursive, cancellation);
        return new PurgeResult(count, isComplete: true);
    }

    public async Task<PurgeResult> PurgeAsync(PurgeInstancesFilter filter, bool recursive, CancellationToken cancellation)
    {
        var wanted = filter.Statuses?.Select(status => status.ToCore()).ToHashSet() ?? [];
        var statuses = wanted.Count == 0 ? EndedStatuses : [.. EndedStatuses.Where(wanted.Contains)];
        if (statuses.Count == 0)
        {
            return new PurgeResult(0, isComplete: true);
        }

        var began = time.GetTimestamp();
        var count = 0;
        var query = new InstanceQuery(filter.CreatedFrom, filter.CreatedTo, statuses, PageSize: ClientLimits.PurgeBatch);
        while (true)
        {
            var page = await hub.QueryInstancesAsync(query, cancellation);
            count += await PurgeBatchAsync([.. page.Instances.Select(instance => instance.InstanceId)], recursive, cancellation);
            if (page.ContinuationToken is null)
            {
                return new PurgeResult(count, isComplete: true);
            }

            // Judged after the first batch, so that even a tiny timeout makes progress.
            if (filter.Timeout is { } timeout && time.GetElapsedTime(began) >= timeout)
            {
                return new PurgeResult(count, isComplete: false);
            }

            query = query with { ContinuationToken = page.ContinuationToken };
        }
    }

    private async Task<int> PurgeBatchAsync(IReadOnlyCollection<string> instanceIds, bool recursive, CancellationToken cancellation)
    {
        var count = 0;
        if (recursive)
        {
            foreach (var instanceId in instanceIds)
            {
                count += await PurgeChildrenAsync(instanceId, cancellation);
            }
        }

        return instanceIds.Count == 0 ? count : count + await hub.PurgeInstancesAsync(instanceIds, cancellation);
    }

    private async Task<int> PurgeChildrenAsync(string parentId, CancellationToken cancellation)
    {
        var count = 0;
        var query = new InstanceQuery(Statuses: EndedStatuses, ParentInstanceId: parentId, PageSize: ClientLimits.PurgeBatch);
        do
        {
            var page = await hub.QueryInstancesAsync(query, cancellation);
            count += await PurgeBatchAsync([.. page.Instances.Select(instance => instance.InstanceId)], recursive: true, cancellation);
            query = query with { ContinuationToken = page.ContinuationToken };
        }
        while (query.ContinuationToken is not null);
        return count;
    }
}
