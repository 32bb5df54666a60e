using System.Runtime.CompilerServices;
using DurableTask.Core.Exceptions;
using DurableTask.Core.Hub;

namespace DurableTask.Core.Payloads;

/// <summary>
/// The entities of a <see cref="PayloadOffloadingHub"/>: large states, inputs of operations and answers are kept apart as all other
/// payloads are. A payload's owner is who it is for: the entity, or the orchestration that gets an answer or is started.
/// </summary>
internal sealed class PayloadOffloadingEntities(IEntityHub entities, IPayloadStore store, int thresholdBytes) : IEntityHub
{
    // Each finds that another batch has changed the state in the millisecond between two statements.
    private const int MostReadings = 20;

    // What was stored apart of a lock's entity. It lives as long as the lock's object.
    private readonly ConditionalWeakTable<EntityLock, StoredApart> _held = [];

    public async Task SignalAsync(OutgoingEntityMessage message, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(thresholdBytes);
        message = payloads.TakeFrom(message);
        await payloads.StoreAsync(store, cancellationToken);
        await entities.SignalAsync(message, cancellationToken);
    }

    public async Task<EntityRecord?> GetAsync(string entityId, bool withState, CancellationToken cancellationToken = default)
    {
        var record = await entities.GetAsync(entityId, withState, cancellationToken);
        for (var reading = 1; record is not null; reading++)
        {
            var payloads = new IncomingPayloads(store);
            payloads.Want(record.State);
            await payloads.FindAsync(cancellationToken);
            if (payloads.TryPutInto(record.State, out var gone) is var state && gone is null)
            {
                return record with { State = state };
            }

            // A batch has replaced it since, and its payload with it; one that stays the same is gone indeed.
            var again = await entities.GetAsync(entityId, withState, cancellationToken);
            if (again?.State == record.State || reading == MostReadings)
            {
                throw new PayloadStorageException($"The state of entity '{entityId}' cannot be read. {gone}");
            }

            record = again;
        }

        return null;
    }

    public async Task<EntityPage> QueryAsync(EntityRecordQuery query, CancellationToken cancellationToken = default)
    {
        var page = await entities.QueryAsync(query, cancellationToken);
        var payloads = new IncomingPayloads(store);
        foreach (var record in page.Entities)
        {
            payloads.Want(record.State);
        }

        return await payloads.FindAsync(cancellationToken)
            ? page with { Entities = await WholeAsync(page.Entities, payloads, cancellationToken) }
            : page;
    }

    public Task<EntityRemoval> RemoveEmptyAsync(string? continuationToken, int count, CancellationToken cancellationToken = default) =>
        entities.RemoveEmptyAsync(continuationToken, count, cancellationToken);

    /// <summary>What was stored apart of it is left to the sweep: nothing refers to it any more.</summary>
    public Task<bool> RemoveAsync(string entityId, CancellationToken cancellationToken = default) =>
        entities.RemoveAsync(entityId, cancellationToken);

    public Task<int> ReleaseOrphanedLocksAsync(int count, CancellationToken cancellationToken = default) =>
        entities.ReleaseOrphanedLocksAsync(count, cancellationToken);

    public async Task<IReadOnlyList<EntityWorkItem>> LockAsync(LockRequest request, CancellationToken cancellationToken = default)
    {
        var items = await entities.LockAsync(request, cancellationToken);
        var payloads = new IncomingPayloads(store);
        foreach (var item in items)
        {
            payloads.Want(item.State);
            foreach (var message in item.Messages)
            {
                payloads.Want(message.Message.Input);
            }
        }

        return await payloads.FindAsync(cancellationToken) ? [.. items.Select(item => Whole(item, payloads))] : items;
    }

    public async Task CommitAsync(EntityCommit batch, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(thresholdBytes);
        if (_held.TryGetValue(batch.Lock, out var apart))
        {
            batch = TakeFrom(batch, apart, payloads);
        }
        else if (payloads.IsLarge(batch))
        {
            batch = payloads.TakeFrom(batch);
        }

        await payloads.StoreAsync(store, cancellationToken);
        await entities.CommitAsync(batch, cancellationToken);
    }

    public Task AbandonAsync(EntityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        entities.AbandonAsync(held, delay, cancellationToken);

    public Task SetLostAttemptsAsync(EntityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        entities.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public Task<IReadOnlyList<EntityLock>> FindLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        entities.FindLocksAsync(workerId, cancellationToken);

    public Task<IReadOnlyList<EntityLock>> RenewAsync(
        IReadOnlyCollection<EntityLock> held, TimeSpan lease, CancellationToken cancellationToken = default) =>
        entities.RenewAsync(held, lease, cancellationToken);

    /// <summary>A state that is as it was is neither compressed nor stored again. One that is gone stays so: whoever brings its payload
    /// back finds the state.</summary>
    private static EntityCommit TakeFrom(EntityCommit batch, StoredApart apart, OutgoingPayloads payloads)
    {
        var staysAsItIs = apart.StateToken is not null && (apart.State is null || apart.State == batch.State);
        string[] replaced =
        [
            .. PayloadToken.IdIn(apart.StateToken) is { } state && !staysAsItIs ? [state] : Array.Empty<string>(),
            .. batch.ConsumedMessages.Where(apart.Inputs.ContainsKey).Select(id => apart.Inputs[id]),
        ];
        batch = payloads.TakeFrom(staysAsItIs ? batch with { State = null } : batch);
        return batch with { State = staysAsItIs ? apart.StateToken : batch.State, ReplacedPayloads = replaced };
    }

    /// <summary>What is gone is the fault of the operations that need it, not of their neighbours: locks come and go as ever.</summary>
    private EntityWorkItem Whole(EntityWorkItem item, IncomingPayloads payloads)
    {
        var inputs = item.Messages
            .Select(message => (message.Id, Payload: PayloadToken.IdIn(message.Message.Input)))
            .Where(message => message.Payload is not null)
            .ToDictionary(message => message.Id, message => message.Payload!);
        var stateToken = PayloadToken.IdIn(item.State) is null ? null : item.State;
        if (stateToken is null && inputs.Count == 0)
        {
            return item;
        }

        var state = payloads.TryPutInto(item.State, out var goneState);
        _held.AddOrUpdate(item.Lock, new StoredApart(stateToken, state, inputs));
        return item with
        {
            State = state,
            Messages = [.. item.Messages.Select(message =>
            {
                var input = payloads.TryPutInto(message.Message.Input, out var goneInput);
                return message with { Message = message.Message with { Input = input }, Fault = goneState ?? goneInput };
            })],
        };
    }

    private async Task<IReadOnlyList<EntityRecord>> WholeAsync(
        IReadOnlyList<EntityRecord> records, IncomingPayloads payloads, CancellationToken cancellationToken)
    {
        var whole = new List<EntityRecord>(records.Count);
        foreach (var record in records)
        {
            if (payloads.TryPutInto(record.State, out var gone) is var state && gone is null)
            {
                whole.Add(record with { State = state });
            }
            else if (await GetAsync(record.EntityId, withState: true, cancellationToken) is { } newer)
            {
                whole.Add(newer);
            }
        }

        return whole;
    }

    /// <param name="StateToken">Null when the state is stored with the entity.</param>
    /// <param name="State">The state as it was read; null when its payload is gone.</param>
    /// <param name="Inputs">The payloads of operations' inputs, by the ids of their messages.</param>
    private sealed record StoredApart(string? StateToken, string? State, IReadOnlyDictionary<long, string> Inputs);
}
