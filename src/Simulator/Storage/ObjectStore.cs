using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Storage;

/// <summary>
/// All objects in memory under one version counter, with a bounded history of changes that watches read from.
/// A watcher that asks for something older than the history (default 4096 changes) must list again.
/// Not for large clusters: every list of a type walks all objects of that type.
/// </summary>
internal sealed class ObjectStore(int historyLimit)
{
    private readonly Dictionary<ResourceType, SortedDictionary<string, StoredObject>> _objects = [];
    private readonly Queue<Change> _history = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 1;
    private long _forgottenUpTo = 1;

    /// <summary>Held over every read-decide-write; also by callers that must see two reads as one.</summary>
    public Lock Gate { get; } = new();

    public long Version => Interlocked.Read(ref _version);

    public StoredObject? Find(ResourceType type, string ns, string name)
    {
        lock (Gate)
            return _objects.TryGetValue(type, out var table) && table.TryGetValue(Order(ns, name), out var found) ? found : null;
    }

    /// <summary>
    /// Objects of a type in the order of namespace and name, and the version at which this is true. Empty namespace: all.
    /// </summary>
    public (IReadOnlyList<StoredObject> Items, long Version) List(ResourceType type, string ns = "")
    {
        lock (Gate)
        {
            if (!_objects.TryGetValue(type, out var table))
                return ([], _version);
            return ([.. table.Values.Where(o => ns.Length == 0 || o.Key.Namespace == ns)], _version);
        }
    }

    public IReadOnlyList<StoredObject> Everything()
    {
        lock (Gate)
            return [.. _objects.Values.SelectMany(t => t.Values)];
    }

    /// <summary>Commits a new version of the object and returns it.</summary>
    public StoredObject Put(ResourceType type, JsonObject json)
    {
        lock (Gate)
        {
            if (!_objects.TryGetValue(type, out var table))
                _objects[type] = table = new SortedDictionary<string, StoredObject>(StringComparer.Ordinal);
            var version = _version + 1;
            json.Meta()["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
            var after = new StoredObject(type, json, version);
            var order = Order(after.Key.Namespace, after.Key.Name);
            table.TryGetValue(order, out var before);
            table[order] = after;
            Commit(new Change(version, before, after));
            return after;
        }
    }

    public StoredObject? Remove(ObjectKey key)
    {
        lock (Gate)
        {
            if (!_objects.TryGetValue(key.Type, out var table) || !table.Remove(Order(key.Namespace, key.Name), out var before))
                return null;
            var change = new Change(_version + 1, before, null);
            Commit(change);
            return change.Shown;
        }
    }

    /// <summary>
    /// Changes after that version, oldest first; null when some of them are forgotten, or the version is from another life.
    /// </summary>
    public IReadOnlyList<Change>? ChangesSince(long version)
    {
        lock (Gate)
        {
            if (version < _forgottenUpTo || version > _version)
                return null;
            if (version == _version)
                return [];
            return [.. _history.Where(c => c.Version > version)];
        }
    }

    /// <summary>Completes when there is a version above the given one.</summary>
    public Task WaitBeyondAsync(long version, CancellationToken cancellation)
    {
        lock (Gate)
            return _version > version ? Task.CompletedTask : _changed.Task.WaitAsync(cancellation);
    }

    private static string Order(string ns, string name) => $"{ns}/{name}";

    private void Commit(Change change)
    {
        _history.Enqueue(change);
        while (_history.Count > historyLimit)
            _forgottenUpTo = _history.Dequeue().Version;
        Interlocked.Exchange(ref _version, change.Version);
        var waiting = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }
}
