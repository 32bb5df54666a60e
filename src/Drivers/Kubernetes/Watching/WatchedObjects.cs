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
    /// <summary>Those from before a stream of what exists that it has not shown yet; null when there is no such stream.</summary>
    private HashSet<(string? Namespace, string? Name)>? _unseen;

    /// <summary>The server says that the object is (now) like this.</summary>
    public IEnumerable<WatchEvent<T>> Present(T value, WatchEventType type = WatchEventType.Added)
    {
        var key = Key(value);
        _unseen?.Remove(key);
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
        _unseen?.Remove(Key(value));
        if (_known.Remove(Key(value)) || !_isComplete)
            yield return Event(WatchEventType.Deleted, value, value);
    }

    /// <summary>The server says that these, and no others, are there.</summary>
    public IEnumerable<WatchEvent<T>> PresentOnly(KubernetesList<T> list)
    {
        _unseen = [.. _known.Keys];
        _unseen.ExceptWith(list.Items.Select(Key));
        foreach (var gone in EndPresentOnly(list.ResourceVersion))
            yield return gone;
        foreach (var change in list.Items.SelectMany(item => Present(item)))
            yield return change;
    }

    /// <summary>The server begins to say one by one what is there. One that broke off counts for nothing but what it showed.</summary>
    public void BeginPresentOnly() => _unseen = [.. _known.Keys];

    /// <summary>The server has said all that is there, at that version.</summary>
    public IEnumerable<WatchEvent<T>> EndPresentOnly(string version)
    {
        _isComplete = true;
        foreach (var key in _unseen ?? [])
        {
            if (_known.Remove(key, out var gone))
                yield return new WatchEvent<T>(WatchEventType.Deleted, gone, version);
        }

        _unseen = null;
    }

    private static (string? Namespace, string? Name) Key(T value) => (value.Metadata.Namespace, value.Metadata.Name);

    private static WatchEvent<T> Event(WatchEventType type, T value, T cause) =>
        new(type, value, cause.Metadata.ResourceVersion ?? string.Empty);
}
