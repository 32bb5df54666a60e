using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// One consumer's queue of changes: in order, bounded as its <see cref="SubscriptionOptions"/> say. Read it once; dispose it.
/// </summary>
public sealed class CacheSubscription<T> : IDisposable where T : KubernetesObject
{
    private readonly string _kind;
    private readonly SubscriptionOptions _options;
    private readonly Action<CacheSubscription<T>> _remove;
    private readonly Lock _lock = new();
    private readonly LinkedList<ObjectChange<T>> _waiting = new();
    /// <summary>The last waiting change of each object that has one.</summary>
    private readonly Dictionary<ObjectKey, LinkedListNode<ObjectChange<T>>> _last = [];
    // Carries no data: a full one only means that the reader is awake already.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private ObjectChange<T>[]? _existing;
    private long _merged;

    internal CacheSubscription(
        string kind, SubscriptionOptions options, ObjectChange<T>[] existing, Action<CacheSubscription<T>> remove)
    {
        if (options.CoalesceAbove < 1 || options.MaxWaiting < options.CoalesceAbove)
            throw new ArgumentException(
                $"Expected CoalesceAbove of at least 1 and MaxWaiting not below it, got {options.CoalesceAbove} and {options.MaxWaiting}.",
                nameof(options));
        _kind = kind;
        _options = options;
        _existing = existing;
        _remove = remove;
    }

    /// <summary>Changes that wait to be read.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Changes that were merged into others because the consumer was slow.</summary>
    public long Merged => Interlocked.Read(ref _merged);

    /// <summary>Follows the changes. Ends by cancellation or when the cache is disposed.</summary>
    /// <exception cref="SlowConsumerException">The consumer fell too far behind.</exception>
    public async IAsyncEnumerable<ObjectChange<T>> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var existing = Interlocked.Exchange(ref _existing, null)
            ?? throw new InvalidOperationException("A subscription can be read once: subscribe again.");
        foreach (var change in existing)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return change;
        }

        // Held by the iterator otherwise, with all objects of the beginning, for as long as the subscription lives.
        existing = null;
        while (await _wake.Reader.WaitToReadAsync(cancellationToken))
        {
            _wake.Reader.TryRead(out _);
            while (TryTake(out var change))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return change;
            }
        }
    }

    public void Dispose()
    {
        _remove(this);
        Complete();
    }

    /// <summary>Called in the order of the changes. Never blocks.</summary>
    internal void Post(ObjectKey key, ObjectChange<T> change)
    {
        lock (_lock)
        {
            if (_waiting.Count >= _options.CoalesceAbove && _last.TryGetValue(key, out var node) && Merge(node, change))
            {
                Interlocked.Increment(ref _merged);
                return;
            }

            if (_waiting.Count >= _options.MaxWaiting)
            {
                _waiting.Clear();
                _last.Clear();
                _wake.Writer.TryComplete(new SlowConsumerException(_kind, _options.MaxWaiting));
                _remove(this);
                return;
            }

            _last[key] = _waiting.AddLast(change);
        }

        _wake.Writer.TryWrite(true);
    }

    internal void Complete() => _wake.Writer.TryComplete();

    /// <summary>False when the two are of two objects with one name: they stay two changes.</summary>
    private bool Merge(LinkedListNode<ObjectChange<T>> node, ObjectChange<T> next)
    {
        var first = node.Value;
        if (first.Type == ObjectChangeType.Deleted)
            return false;
        if (next.Type == ObjectChangeType.Deleted && first.Type == ObjectChangeType.Added)
        {
            // The consumer never heard of it.
            _last.Remove(ObjectKey.Of(next.Latest));
            _waiting.Remove(node);
            return true;
        }

        // Old of a deletion is the last known state, also for consumers who missed the steps between.
        var old = next.Type == ObjectChangeType.Deleted ? next.Old : first.Old;
        var type = next.Type == ObjectChangeType.Deleted ? ObjectChangeType.Deleted : first.Type;
        node.Value = new ObjectChange<T>(type, old, next.New, first.IsInitial, next.Observed);
        return true;
    }

    private bool TryTake(out ObjectChange<T> change)
    {
        lock (_lock)
        {
            if (_waiting.First is not { } node)
            {
                change = null!;
                return false;
            }

            change = node.Value;
            _waiting.RemoveFirst();
            var key = ObjectKey.Of(change.Latest);
            if (_last.TryGetValue(key, out var last) && ReferenceEquals(last, node))
                _last.Remove(key);
            return true;
        }
    }
}
