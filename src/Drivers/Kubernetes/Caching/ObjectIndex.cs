using System.Runtime.InteropServices;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>Objects by some property of theirs that several may share. Not thread-safe: the store's lock guards it.</summary>
internal sealed class ObjectIndex<TKey, T> where TKey : notnull where T : KubernetesObject
{
    // Either one object or a set of them: many properties (a pod's own label) belong to one object only, and a set costs more than it.
    private readonly Dictionary<TKey, object> _buckets = [];

    public int Count => _buckets.Count;

    public void Add(TKey key, T value)
    {
        ref var bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(_buckets, key, out _);
        bucket = bucket switch
        {
            null => value,
            HashSet<T> many => With(many, value),
            T one when ReferenceEquals(one, value) => one,
            T one => With(With(new HashSet<T>(ReferenceEqualityComparer.Instance), one), value),
            _ => bucket,
        };
    }

    public void Remove(TKey key, T value)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
            return;
        if (bucket is HashSet<T> many)
        {
            many.Remove(value);
            if (many.Count == 0)
                _buckets.Remove(key);
        }
        else if (ReferenceEquals(bucket, value))
        {
            _buckets.Remove(key);
        }
    }

    public T[] Find(TKey key) => _buckets.GetValueOrDefault(key) switch
    {
        null => [],
        HashSet<T> many => [.. many],
        var one => [(T)one],
    };

    private static HashSet<T> With(HashSet<T> set, T value)
    {
        set.Add(value);
        return set;
    }
}
