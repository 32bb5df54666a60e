using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Client;

/// <summary>The entities of a task hub. A signal is stored when its call returns, and applied once.</summary>
internal sealed class TaskHubEntityClient(
    string name, ClientEntities hub, DataConverter converter, LargePayloadOptions limits, bool writesSpans) : DurableEntityClient(name)
{
    public override async Task SignalEntityAsync(
        EntityInstanceId id,
        string operationName,
        object? input = null,
        SignalEntityOptions? options = null,
        CancellationToken cancellation = default)
    {
        Check.Operation(operationName, nameof(operationName));
        var entityId = Check.EntityId(id);
        var serialized = Check.Payload(converter.Serialize(input), limits, "input", nameof(input));
        using var activity = writesSpans ? ClientTracing.StartSignal(id, operationName, options?.SignalTime) : null;
        var message = new EntityMessage
        {
            Operation = operationName,
            IsSignal = true,
            Input = serialized,
            DueAt = options?.SignalTime?.UtcDateTime,
            Trace = ClientTracing.ContextOf(activity),
        };
        try
        {
            await hub.SignalAsync(new OutgoingEntityMessage(entityId, message), cancellation);
        }
        catch (Exception e)
        {
            ClientTracing.Fail(activity, e);
            throw;
        }
    }

    public override async Task<EntityMetadata?> GetEntityAsync(
        EntityInstanceId id, bool includeState = true, CancellationToken cancellation = default) =>
        await ReadAsync(id, includeState, cancellation) is { } found ? ToMetadata(found) : null;

    public override async Task<EntityMetadata<T>?> GetEntityAsync<T>(
        EntityInstanceId id, bool includeState = true, CancellationToken cancellation = default) =>
        await ReadAsync(id, includeState, cancellation) is { } found ? ToMetadata<T>(found) : null;

    public override AsyncPageable<EntityMetadata> GetAllEntitiesAsync(EntityQuery? filter = null) => List(filter, ToMetadata);

    public override AsyncPageable<EntityMetadata<T>> GetAllEntitiesAsync<T>(EntityQuery? filter = null) => List(filter, ToMetadata<T>);

    public override async Task<CleanEntityStorageResult> CleanEntityStorageAsync(
        CleanEntityStorageRequest? request = default, bool continueUntilComplete = true, CancellationToken cancellation = default)
    {
        var wanted = request ?? CleanEntityStorageRequest.Default;
        var released = wanted.ReleaseOrphanedLocks ? await ReleaseAsync(cancellation) : 0;
        var removed = 0;
        var token = wanted.ContinuationToken;
        if (wanted.RemoveEmptyEntities)
        {
            do
            {
                var step = await hub.RemoveEmptyAsync(token, ClientLimits.CleanBatch, cancellation);
                removed += step.Removed;
                token = step.ContinuationToken;
            }
            while (continueUntilComplete && token is not null);
        }
        else
        {
            token = null;
        }

        return new CleanEntityStorageResult
        {
            EmptyEntitiesRemoved = removed,
            OrphanedLocksReleased = released,
            ContinuationToken = token,
        };
    }

    /// <summary>Entities are purged by their ids, as instances are. One that is locked or has work to do is left and not counted.</summary>
    public async Task<PurgeResult> PurgeAsync(EntityInstanceId id, CancellationToken cancellation) =>
        new(await hub.RemoveAsync(Check.EntityId(id), cancellation) ? 1 : 0, isComplete: true);

    private async Task<int> ReleaseAsync(CancellationToken cancellation)
    {
        var released = 0;
        int step;
        do
        {
            step = await hub.ReleaseOrphanedLocksAsync(ClientLimits.CleanBatch, cancellation);
            released += step;
        }
        while (step == ClientLimits.CleanBatch);

        return released;
    }

    /// <summary>An entity without state does not exist for those who read it; lists show it when they are asked to.</summary>
    private async Task<EntityRecord?> ReadAsync(EntityInstanceId id, bool withState, CancellationToken cancellation) =>
        await hub.GetAsync(Check.EntityId(id), withState, cancellation) is { HasState: true } found ? found : null;

    private AsyncPageable<T> List<T>(EntityQuery? filter, Func<EntityRecord, T> convert)
        where T : notnull
    {
        filter ??= new EntityQuery();
        var query = new EntityRecordQuery(
            Check.NoNul(filter.InstanceIdStartsWith, "id prefix", nameof(filter)),
            filter.LastModifiedFrom,
            filter.LastModifiedTo,
            filter.IncludeState,
            filter.IncludeTransient,
            Check.PageSize(filter.PageSize ?? EntityQuery.DefaultPageSize, nameof(filter)));
        return Pageable.Create(async (token, pageSize, cancellation) =>
        {
            var page = await hub.QueryAsync(
                query with
                {
                    ContinuationToken = token ?? filter.ContinuationToken,
                    PageSize = pageSize is { } size ? Check.PageSize(size, "pageSizeHint") : query.PageSize,
                },
                cancellation);
            return new Page<T>([.. page.Entities.Select(convert)], page.ContinuationToken);
        });
    }

    private EntityMetadata ToMetadata(EntityRecord record) =>
        new(EntityInstanceId.FromString(record.EntityId), record.State is { } state ? new SerializedData(state, converter) : null)
        {
            LastModifiedTime = record.UpdatedAt,
            BacklogQueueSize = record.Backlog,
            LockedBy = record.LockedBy,
        };

    private EntityMetadata<T> ToMetadata<T>(EntityRecord record)
    {
        var id = EntityInstanceId.FromString(record.EntityId);
        return record.State is { } state
            ? new EntityMetadata<T>(id, converter.Deserialize<T>(state))
            {
                LastModifiedTime = record.UpdatedAt,
                BacklogQueueSize = record.Backlog,
                LockedBy = record.LockedBy,
            }
            : new EntityMetadata<T>(id)
            {
                LastModifiedTime = record.UpdatedAt,
                BacklogQueueSize = record.Backlog,
                LockedBy = record.LockedBy,
            };
    }
}
