namespace Heal.Healing;

/// <summary>
/// The last observation of every object, for detectors that must look at more than one. Its size is the cluster's; it holds observations,
/// not objects.
/// </summary>
public sealed class ClusterPicture
{
    private const int MaxOwners = 4;

    private readonly Dictionary<(string Kind, string Namespace), Dictionary<string, Observed>> _objects = [];
    private readonly Dictionary<string, Observed> _byUid = new(StringComparer.Ordinal);

    public int Count => _byUid.Count;

    public Observed? Find(ObservedKey key) =>
        _objects.TryGetValue((key.Kind, key.Namespace), out var named) ? named.GetValueOrDefault(key.Name) : null;

    public IEnumerable<T> All<T>(string kind, string ns) where T : Observed =>
        _objects.TryGetValue((kind, ns), out var named) ? named.Values.OfType<T>() : [];

    /// <summary>Of all namespaces.</summary>
    public IEnumerable<T> All<T>(string kind) where T : Observed =>
        _objects.Where(group => group.Key.Kind == kind).SelectMany(group => group.Value.Values).OfType<T>();

    public IEnumerable<Observed> InNamespace(string ns) =>
        _objects.Where(group => group.Key.Namespace == ns).SelectMany(group => group.Value.Values);

    /// <summary>The object at the top of the controlling owners, as far as they are known; the object itself when it has none.</summary>
    public (ObjectInfo Owner, Observed? Seen) TopOwner(Observed observed)
    {
        var (info, seen) = (observed.Info, (Observed?)observed);
        for (var step = 0; step < MaxOwners && info.Owner is { } owner && owner.Kind != TargetKinds.Node; step++)
        {
            seen = _byUid.GetValueOrDefault(owner.Uid);
            info = seen?.Info ?? new ObjectInfo(owner.Kind, info.Namespace, owner.Name, owner.Uid, info.CreatedAt);
        }

        return (info, seen);
    }

    public ObservedNode? Node(string? name) =>
        name is null ? null : Find(new ObservedKey(TargetKinds.Node, "", name)) as ObservedNode;

    internal void Put(Observed observed)
    {
        var key = (observed.Info.Kind, observed.Info.Namespace);
        if (!_objects.TryGetValue(key, out var named)) _objects[key] = named = new Dictionary<string, Observed>(StringComparer.Ordinal);
        if (named.TryGetValue(observed.Info.Name, out var old)) _byUid.Remove(old.Info.Uid);
        named[observed.Info.Name] = observed;
        _byUid[observed.Info.Uid] = observed;
    }

    internal void Remove(ObservedKey key)
    {
        if (!_objects.TryGetValue((key.Kind, key.Namespace), out var named) || !named.Remove(key.Name, out var old)) return;
        _byUid.Remove(old.Info.Uid);
        if (named.Count == 0) _objects.Remove((key.Kind, key.Namespace));
    }
}
