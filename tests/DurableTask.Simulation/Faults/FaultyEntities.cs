using DurableTask.Core.Hub;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>A process's connection to the hub's entities; it fails as the connection to the hub does.</summary>
internal sealed class FaultyEntities(IEntityHub entities, FaultyHub connection) : IEntityHub
{
    public Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellationToken = default) =>
        connection.CallAsync("signal an entity", async () =>
        {
            await entities.SignalAsync(message, cancellationToken);
            return true;
        });

    public Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellationToken = default) =>
        connection.CallAsync($"get {entityId}", () => entities.GetAsync(entityId, withState, cancellationToken));

    public Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellationToken = default) =>
        connection.CallAsync("query entities", () => entities.QueryAsync(query, cancellationToken));

    public Task<EntityRemoval> RemoveEmptyAsync(string? continuationToken, int count, CancellationToken cancellationToken = default) =>
        connection.CallAsync("remove empty entities", () => entities.RemoveEmptyAsync(continuationToken, count, cancellationToken));

    public Task<bool> RemoveAsync(string entityId, CancellationToken cancellationToken = default) =>
        connection.CallAsync($"remove {entityId}", () => entities.RemoveAsync(entityId, cancellationToken));

    public Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellationToken = default) =>
        connection.CallAsync("release orphaned locks", () => entities.ReleaseOrphanedLocksAsync(count, cancellationToken));

    public Task<IReadOnlyList<EntityWorkItem>> LockAsync(LockRequest request, CancellationToken cancellationToken = default) =>
        connection.CallAsync("lock entities", () => entities.LockAsync(request, cancellationToken));

    public Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken = default) =>
        connection.CallAsync("commit a batch of an entity", async () =>
        {
            await entities.CommitAsync(batch, cancellationToken);
            return true;
        });

    public Task AbandonAsync(EntityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        connection.CallAsync("abandon an entity", async () =>
        {
            await entities.AbandonAsync(held, delay, cancellationToken);
            return true;
        });

    public Task SetLostAttemptsAsync(EntityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        connection.CallAsync("count lost attempts at an entity", async () =>
        {
            await entities.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);
            return true;
        });

    public Task<IReadOnlyList<EntityLock>> FindLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        connection.CallAsync("find locks on entities", () => entities.FindLocksAsync(workerId, cancellationToken));

    public Task<IReadOnlyList<EntityLock>> RenewAsync(
        IReadOnlyCollection<EntityLock> held, TimeSpan lease, CancellationToken cancellationToken = default) =>
        connection.CallAsync($"renew {held.Count} entities", () => entities.RenewAsync(held, lease, cancellationToken));
}
