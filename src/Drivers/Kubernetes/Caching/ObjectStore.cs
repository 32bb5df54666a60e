using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// The objects of one cache and its indexes. Readers get arrays of their own; objects are immutable and shared. Not thread-safe.
/// </summary>
internal sealed class ObjectStore<T> where T : KubernetesObject
{
    private readonly Dictionary<ObjectKey, T> _byKey = [];
    private readonly Dictionary<string, T> _byUid = new(StringComparer.Ordinal);
    private readonly ObjectIndex<string, T> _byNamespace = new();
    private readonly ObjectIndex<string, T> _byOwner = new();
    private readonly ObjectIndex<(string Key, string Value), T> _byLabel = new();
    private readonly ObjectIndex<string, T> _byNode = new();

    public int Count => _byKey.Count;

    public IEnumerable<ObjectKey> Keys => _byKey.Keys;

    public T[] All() => [.. _byKey.Values];

    public T? Get(ObjectKey key) => _byKey.GetValueOrDefault(key);

    public T? GetByUid(string uid) => _byUid.GetValueOrDefault(uid);

    public T[] InNamespace(string ns) => _byNamespace.Find(ns);

    public T[] OwnedBy(string uid) => _byOwner.Find(uid);

    public T[] WithLabel(string key, string value) => _byLabel.Find((key, value));

    public T[] OnNode(string node) => _byNode.Find(node);

    /// <summary>Stores the object and returns what was there under its name.</summary>
    public T? Put(T value)
    {
        var key = ObjectKey.Of(value);
        var old = Remove(key);
        _byKey[key] = value;
        if (value.Metadata.Uid is { } uid)
            _byUid[uid] = value;
        Index(value);
        return old;
    }

    public T? Remove(ObjectKey key)
    {
        if (!_byKey.Remove(key, out var old))
            return null;
        if (old.Metadata.Uid is { } uid)
            _byUid.Remove(uid);
        Unindex(old);
        return old;
    }

    private void Index(T value)
    {
        var metadata = value.Metadata;
        if (metadata.Namespace is { } ns)
            _byNamespace.Add(ns, value);
        foreach (var owner in metadata.OwnerReferences ?? [])
            _byOwner.Add(owner.Uid, value);
        if (metadata.Labels is { } labels)
        {
            foreach (var (label, text) in labels)
                _byLabel.Add((label, text), value);
        }

        if (NodeOf(value) is { } node)
            _byNode.Add(node, value);
    }

    private void Unindex(T value)
    {
        var metadata = value.Metadata;
        if (metadata.Namespace is { } ns)
            _byNamespace.Remove(ns, value);
        foreach (var owner in metadata.OwnerReferences ?? [])
            _byOwner.Remove(owner.Uid, value);
        if (metadata.Labels is { } labels)
        {
            foreach (var (label, text) in labels)
                _byLabel.Remove((label, text), value);
        }

        if (NodeOf(value) is { } node)
            _byNode.Remove(node, value);
    }

    private static string? NodeOf(T value) => value switch
    {
        Pod pod => string.IsNullOrEmpty(pod.Spec?.NodeName) ? null : pod.Spec.NodeName,
        _ => value.Field("spec", "nodeName") is { ValueKind: System.Text.Json.JsonValueKind.String } name ? name.GetString() : null,
    };
}
