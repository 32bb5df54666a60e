namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// The least recently used instances beyond the limit are forgotten. Taking an instance removes it, so that one turn at a time uses it.
/// </summary>
internal sealed class InstanceCache(int maximumInstances, int maximumHistory, int maximumEvents = int.MaxValue) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<CachedInstance>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<CachedInstance> _byUse = new();
    private readonly Lock _lock = new();
    private long _events;

    public CachedInstance? Take(string instanceId)
    {
        lock (_lock)
        {
            if (!_byId.TryGetValue(instanceId, out LinkedListNode<CachedInstance>? node))
            {
                return null;
            }

            return Remove(node);
        }
    }

    public bool Contains(string instanceId)
    {
        lock (_lock)
        {
            return _byId.ContainsKey(instanceId);
        }
    }

    public void Put(CachedInstance instance)
    {
        List<CachedInstance> evicted = [];
        lock (_lock)
        {
            if (instance.History.Count > maximumHistory || maximumInstances == 0)
            {
                evicted.Add(instance);
            }
            else
            {
                if (_byId.TryGetValue(instance.InstanceId, out LinkedListNode<CachedInstance>? older))
                {
                    evicted.Add(Remove(older));
                }

                _byId.Add(instance.InstanceId, _byUse.AddFirst(instance));
                _events += instance.History.Count;
                while (_byId.Count > maximumInstances || (_events > maximumEvents && _byId.Count > 0))
                {
                    evicted.Add(Remove(_byUse.Last!));
                }
            }
        }

        evicted.ForEach(forgotten => forgotten.Dispose());
    }

    private CachedInstance Remove(LinkedListNode<CachedInstance> node)
    {
        _byId.Remove(node.Value.InstanceId);
        _byUse.Remove(node);
        _events -= node.Value.History.Count;
        return node.Value;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (CachedInstance instance in _byUse)
            {
                instance.Dispose();
            }

            _byUse.Clear();
            _byId.Clear();
        }
    }
}
