using DurableTask.Core.Payloads;

namespace Microsoft.DurableTask.InMemory;

/// <summary>Large payloads, kept apart as every hub does.</summary>
internal sealed class StoredPayloads
{
    private readonly Dictionary<string, (StoredPayload Payload, DateTimeOffset At)> _byId = new(StringComparer.Ordinal);

    public void Put(IEnumerable<StoredPayload> payloads, DateTimeOffset now)
    {
        foreach (var payload in payloads)
        {
            _byId[payload.Id] = (payload, now);
        }
    }

    public IReadOnlyDictionary<string, byte[]> Get(IEnumerable<string> ids) => ids
        .Where(_byId.ContainsKey)
        .ToDictionary(id => id, id => _byId[id].Payload.Data, StringComparer.Ordinal);

    public void Remove(IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            _byId.Remove(id);
        }
    }

    public void RemoveOf(string instanceId) => RemoveAll(payload => payload.InstanceId == instanceId);

    /// <summary>Removes older payloads that nothing of their instance refers to.</summary>
    public void Sweep(InMemoryStorage storage, DateTimeOffset before) =>
        RemoveAll(payload => _byId[payload.Id].At < before
            && !TextsOf(payload.InstanceId, storage).Any(text => text?.Contains(payload.Id, StringComparison.Ordinal) == true));

    private void RemoveAll(Func<StoredPayload, bool> isGone)
    {
        foreach (var (payload, _) in _byId.Values.ToArray())
        {
            if (isGone(payload))
            {
                _byId.Remove(payload.Id);
            }
        }
    }

    private static IEnumerable<string?> TextsOf(string owner, InMemoryStorage storage)
    {
        if (storage.Entities.TryGetValue(owner, out var entity))
        {
            return entity.Inbox.Select(message => message.Message).Append(entity.State);
        }

        return storage.Instances.TryGetValue(owner, out var instance)
            ? new[] { instance.State.Input, instance.State.Output, instance.State.CustomStatus }
                .Concat(instance.History)
                .Concat(instance.Inbox.Select(message => message.Event))
                .Concat(storage.Activities.Values.Where(activity => activity.InstanceId == owner).Select(activity => activity.Event))
            : [];
    }
}
