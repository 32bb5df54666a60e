using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Watching;

/// <summary>
/// What the consumer of a watch has been told, and the judge of what it must be told next: exactly the difference, whether the server
/// sends a change, sends one twice, or (after a relist) only the present state.
/// </summary>
/// <param name="isComplete">False when the watch began in the middle: then there may be objects that we have not heard of.</param>
internal sealed class WatchedObjects<T>(bool isComplete) where T : KubernetesObject
{
    private readonly Dictionary<(string? Namespace, string? Name), T> _known = [];
    private bool _isComplete = isComplete;

    /// <summary>The server says that the object is (now) like this.</summary>
    public IEnumerable<WatchEvent<T>> Present(T value, WatchEventType type = WatchEventType.Added)
    {
        var key = Key(value);
        _known.TryGetValue(key, out var old);
        if (old is not null && old.Metadata.Uid != value.Metadata.Uid)
        {
            yield return Event(WatchEventType.Deleted, old, value);
            old = null;
        }

        if (old is not null && old.Metadata.ResourceVersion == value.Metadata.ResourceVersion)
            yield break;
        _known[key] = value;
        // Of an object that we ought to know, our own view decides; of others the server's word.
        if (_isComplete || old is not null)
            type = old is null ? WatchEventType.Added : WatchEventType.Modified;
        yield return Event(type, value, value);
    }

    /// <summary>The server says that the object is gone, or no longer matches.</summary>
    public IEnumerable<WatchEvent<T>> Gone(T value)
    {
        if (_known.Remove(Key(value)) || !_isComplete)
            yield return Event(WatchEventType.Deleted, value, value);
    }

    /// <summary>The server says that these, and no others, are there.</summary>
    public IEnumerable<WatchEvent<T>> PresentOnly(KubernetesList<T> list)
    {
        _isComplete = true;
        var listed = list.Items.Select(Key).ToHashSet();
        foreach (var (key, old) in _known.Where(k => !listed.Contains(k.Key)).ToList())
        {
            _known.Remove(key);
            yield return new WatchEvent<T>(WatchEventType.Deleted, old, list.ResourceVersion);
        }

        foreach (var change in list.Items.SelectMany(item => Present(item)))
            yield return change;
    }

    private static (string? Namespace, string? Name) Key(T value) => (value.Metadata.Namespace, value.Metadata.Name);

    private static WatchEvent<T> Event(WatchEventType type, T value, T cause) =>
        new(type, value, cause.Metadata.ResourceVersion ?? string.Empty);
}
