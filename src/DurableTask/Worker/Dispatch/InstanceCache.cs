namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// The least recently used instances beyond the limit are forgotten. Taking an instance removes it, so that one turn at a time uses it.
/// </summary>
internal sealed class InstanceCache(int maximumInstances, int maximumHistory) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<CachedInstance>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<CachedInstance> _byUse = new();
    private readonly Lock _lock = new();

    public CachedInstance? Take(string instanceId)
    {
        lock (_lock)
        {
            if (!_byId.Remove(instanceId, out LinkedListNode<CachedInstance>? node))
            {
                return null;
            }

            _byUse.Remove(node);
            return node.Value;
        }
    }

    public void Put(CachedInstance instance)
    {
        CachedInstance? evicted = null;
        lock (_lock)
        {
            if (instance.History.Count > maximumHistory || maximumInstances == 0)
            {
                evicted = instance;
            }
            else
            {
                if (_byId.Remove(instance.InstanceId, out LinkedListNode<CachedInstance>? older))
                {
                    _byUse.Remove(older);
                    older.Value.Dispose();
                }

                _byId.Add(instance.InstanceId, _byUse.AddFirst(instance));
                if (_byId.Count > maximumInstances)
                {
                    evicted = _byUse.Last!.Value;
                    _byUse.RemoveLast();
                    _byId.Remove(evicted.InstanceId);
                }
            }
        }

        evicted?.Dispose();
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
