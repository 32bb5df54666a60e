using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>What a watch delivers and what it endures.</summary>
public sealed record WatchOptions
{
    /// <summary>E.g. "app=shop".</summary>
    public string? LabelSelector { get; init; }

    /// <summary>E.g. "metadata.name=shop".</summary>
    public string? FieldSelector { get; init; }

    /// <summary>
    /// Null (default): first an Added for every existing object. Else: only what changed after this version; should the server
    /// have forgotten it, everything is delivered as Added, and deletes in the gap are not known.
    /// </summary>
    public string? ResourceVersion { get; init; }

    /// <summary>
    /// Also deliver <see cref="WatchEventType.Bookmark"/>: one after the existing objects, then the server's. Default false.
    /// </summary>
    public bool IncludeBookmarks { get; init; }

    /// <summary>
    /// A connection without a byte for this long is given up and opened again. Default 90 s (servers send a bookmark each minute).
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>
    /// A server that sends the existing objects in the watch must have sent the last of them within this time; else they are listed.
    /// Default 60 s.
    /// </summary>
    public TimeSpan StreamTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A server that cannot be reached for this long ends the watch with an exception. Default 10 min.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What to leave out of the objects; null: nothing.</summary>
    public ObjectTrim? Trim { get; init; }

    /// <summary>Only metadata, as the server cuts it: for kinds whose content must not be read or is large. Default false.</summary>
    public bool MetadataOnly { get; init; }

    /// <summary>
    /// Told when the watch has a connection (null) and when it has lost it (why). Called from the watch itself: be quick. Null: nobody.
    /// </summary>
    public Action<string?>? OnConnection { get; init; }
}

/// <summary>What happened to an object.</summary>
public enum WatchEventType
{
    Added,
    Modified,

    /// <summary>The object is in its last known state.</summary>
    Deleted,

    /// <summary>No object: everything up to the resource version has been delivered.</summary>
    Bookmark,
}

/// <summary>One change.</summary>
public sealed record WatchEvent<T> where T : KubernetesObject
{
    private readonly T? _object;

    public WatchEvent(WatchEventType type, T? changed, string resourceVersion)
    {
        Type = type;
        _object = changed;
        ResourceVersion = resourceVersion;
    }

    public WatchEventType Type { get; }

    /// <summary>The object after the change.</summary>
    /// <exception cref="InvalidOperationException">A bookmark has none.</exception>
#pragma warning disable CA1720 // "object" is what the API calls it.
    public T Object => _object ?? throw new InvalidOperationException("A bookmark carries no object: look at Type first.");
#pragma warning restore CA1720

    /// <summary>From here a later watch can go on (<see cref="WatchOptions.ResourceVersion"/>).</summary>
    public string ResourceVersion { get; }
}
