using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Client;

/// <summary>
/// Lists ended instances by the time they ended. Hubs list by creation, so the time is judged here: a page may hold fewer ids than asked,
/// even none, and still have a successor.
/// </summary>
internal sealed class EndedInstances(
    IEnumerable<OrchestrationRuntimeStatus>? statuses, DateTimeOffset? completedFrom, DateTimeOffset? completedTo, int pageSize)
{
    public async Task<Page<string>> ListAsync(ITaskHub hub, string? token, CancellationToken cancellation)
    {
        var wanted = (statuses?.Select(status => status.ToCore()) ?? Enum.GetValues<OrchestrationStatus>())
            .Where(status => status.IsTerminal())
            .ToList();
        if (wanted.Count == 0)
        {
            return new Page<string>([]);
        }

        for (var pages = 1; ; pages++)
        {
            var page = await hub.QueryInstancesAsync(
                new InstanceQuery(Statuses: wanted, PageSize: pageSize, ContinuationToken: token), cancellation);
            List<string> ids = [.. page.Instances.Where(Matches).Select(instance => instance.InstanceId)];
            token = page.ContinuationToken;
            if (ids.Count > 0 || token is null || pages == ClientLimits.ListPages)
            {
                return new Page<string>(ids, token);
            }
        }
    }

    private bool Matches(InstanceState instance) =>
        (completedFrom is null || instance.CompletedAt >= completedFrom) && (completedTo is null || instance.CompletedAt <= completedTo);
}
