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

    public void RemoveOf(string instanceId) => RemoveAll(payload => payload.InstanceId == instanceId);

    /// <summary>Removes older payloads that nothing of their instance refers to.</summary>
    public void Sweep(
        IReadOnlyDictionary<string, StoredInstance> instances, IReadOnlyCollection<StoredActivity> activities, DateTimeOffset before) =>
        RemoveAll(payload => _byId[payload.Id].At < before
            && !(instances.TryGetValue(payload.InstanceId, out var instance)
                && TextsOf(instance, activities).Any(text => text?.Contains(payload.Id, StringComparison.Ordinal) == true)));

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

    private static IEnumerable<string?> TextsOf(StoredInstance instance, IEnumerable<StoredActivity> activities) =>
        new[] { instance.State.Input, instance.State.Output, instance.State.CustomStatus }
            .Concat(instance.History)
            .Concat(instance.Inbox.Select(message => message.Event))
            .Concat(activities.Where(activity => activity.InstanceId == instance.State.InstanceId).Select(activity => activity.Event));
}
