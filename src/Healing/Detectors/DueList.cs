namespace Heal.Healing;

/// <summary>What is to be done when, each thing once: an earlier time replaces a later one, a later one is dropped.</summary>
internal sealed class DueList<T> where T : notnull
{
    private readonly PriorityQueue<T, DateTimeOffset> _queue = new();
    private readonly Dictionary<T, DateTimeOffset> _times = [];

    public int Count => _times.Count;

    public DateTimeOffset? Next => Skip() && _queue.TryPeek(out _, out var at) ? at : null;

    public void Add(T item, DateTimeOffset at)
    {
        if (_times.TryGetValue(item, out var known) && known <= at) return;
        _times[item] = at;
        _queue.Enqueue(item, at);
    }

    public bool TryTake(DateTimeOffset now, out T item)
    {
        item = default!;
        if (!Skip() || !_queue.TryPeek(out _, out var at) || at > now) return false;
        item = _queue.Dequeue();
        _times.Remove(item);
        return true;
    }

    // Entries that an earlier one replaced.
    private bool Skip()
    {
        while (_queue.TryPeek(out var item, out var at))
        {
            if (_times.TryGetValue(item, out var known) && known == at) return true;
            _queue.Dequeue();
        }

        return false;
    }
}
