using System.Runtime.CompilerServices;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Client;

/// <summary>The part of a hub that clients use. A hub that is out of reach is a <see cref="TaskHubUnavailableException"/> here, whatever
/// its storage says then.</summary>
internal sealed class ClientHub(string client, ITaskHub hub)
{
    public ClientEntities Entities { get; } = new(client, hub);

    public Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.CreateInstanceAsync(instance, reusableStatuses, cancellation));

    public Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.SendMessageAsync(instanceId, message, cancellation));

    public Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.GetInstanceAsync(instanceId, withPayloads, cancellation));

    public Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.QueryInstancesAsync(query, cancellation));

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(InstanceCountQuery query, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.CountInstancesAsync(query, cancellation));

    public Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.GetHistoryAsync(instanceId, cancellation));

    public async IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(
        string instanceId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using IAsyncEnumerator<HistoryEvent> entries = hub.ReadHistoryAsync(instanceId, cancellation)
            .GetAsyncEnumerator(cancellation);
        while (await HubReach.AskAsync(client, hub, () => entries.MoveNextAsync().AsTask()))
        {
            yield return entries.Current;
        }
    }

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.PurgeInstancesAsync(instanceIds, cancellation));

    public IInstanceWatch WatchInstance(string instanceId) => hub.WatchInstance(instanceId);
}

/// <summary>The same for the hub's entities.</summary>
internal sealed class ClientEntities(string client, ITaskHub hub)
{
    public Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.SignalAsync(message, cancellation));

    public Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.GetAsync(entityId, withState, cancellation));

    public Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.QueryAsync(query, cancellation));

    public Task<EntityRemoval> RemoveEmptyAsync(string? continuationToken, int count, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.RemoveEmptyAsync(continuationToken, count, cancellation));

    public Task<bool> RemoveAsync(string entityId, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.RemoveAsync(entityId, cancellation));

    public Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellation) =>
        HubReach.AskAsync(client, hub, () => hub.Entities.ReleaseOrphanedLocksAsync(count, cancellation));
}

/// <summary>Asks a hub, and says so when it is out of reach.</summary>
internal static class HubReach
{
    public static async Task AskAsync(string client, ITaskHub hub, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception exception) when (hub.IsAway(exception))
        {
            throw Away(client, exception);
        }
    }

    public static async Task<T> AskAsync<T>(string client, ITaskHub hub, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (hub.IsAway(exception))
        {
            throw Away(client, exception);
        }
    }

    private static TaskHubUnavailableException Away(string client, Exception cause) => new(
        $"The task hub of durable task client '{client}' is out of reach: {cause.Message.TrimEnd('.')}. "
            + "What was asked may have been stored or not. Ask again when the hub is back; a start with the same instance id.",
        cause);
}
