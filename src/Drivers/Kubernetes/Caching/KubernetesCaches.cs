using System.Diagnostics.Metrics;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// The caches of one cluster. Ask for a kind and scope as often as wanted: the first asks the server, all others share. A cache lives
/// until this is disposed. Starting one does not wait for the server (<see cref="IObjectCache{T}.WaitForSyncAsync"/> does).
/// </summary>
public sealed class KubernetesCaches : IAsyncDisposable, IDisposable
{
    private readonly IKubernetesClient _client;
    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<(ResourceKind, CacheScope), IRunningCache> _caches = [];
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Meter _meter = new(CallTelemetry.Name);

    /// <exception cref="ArgumentException">Options are out of range; the message names all of them.</exception>
    public KubernetesCaches(IKubernetesClient client, CacheOptions options, TimeProvider time, ILogger<KubernetesCaches> logger)
    {
        if (options.Faults() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        _client = client;
        _options = options;
        _time = time;
        _logger = logger;
        Observe("kubernetes.cache.objects", "{object}", "Objects in a cache.", c => c.Status.Objects);
        Observe("kubernetes.cache.age", "s", "Time since the server was heard of.", c => c.Status.Age.TotalSeconds);
        Observe("kubernetes.cache.state", "1", "0 syncing, 1 current, 2 stale.", c => (double)c.Status.State);
        Observe("kubernetes.cache.waiting", "{change}", "Changes that wait for the slowest consumer.", c => c.Waiting);
        Observe("kubernetes.cache.changes", "{change}", "Changes since the start.", c => c.Changes);
        Observe("kubernetes.cache.merged", "{change}", "Changes merged for slow consumers that are open.", c => c.Merged);
    }

    /// <summary>The state of each cache that was asked for.</summary>
    public IReadOnlyList<CacheStatus> Statuses => [.. Snapshot().Select(c => c.Status)];

    /// <summary>The cache of a kind that has a model.</summary>
    public IObjectCache<T> Of<T>(CacheScope? scope = null) where T : KubernetesObject => Of<T>(ResourceKind.Of<T>(), scope);

    /// <summary>The cache of any kind, as untyped objects.</summary>
    public IObjectCache<KubernetesObject> Of(ResourceKind kind, CacheScope? scope = null) => Of<KubernetesObject>(kind, scope);

    /// <summary>The cache of a kind.</summary>
    /// <exception cref="InvalidOperationException">
    /// The same kind and scope is cached already as another model, or there are <see cref="CacheOptions.MaxCaches"/> of them.
    /// </exception>
    public IObjectCache<T> Of<T>(ResourceKind kind, CacheScope? scope = null) where T : KubernetesObject
    {
        scope ??= CacheScope.Everything;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            if (_caches.TryGetValue((kind, scope), out var known))
                return known as IObjectCache<T> ?? throw new InvalidOperationException(
                    $"Cache of {kind}: expected the model of those who asked first ({known.GetType().GenericTypeArguments[0].Name}), "
                    + $"got {typeof(T).Name}. One kind is watched once.");
            if (_caches.Count >= _options.MaxCaches)
                throw new InvalidOperationException(
                    $"Cache of {kind}: there are {_options.MaxCaches} caches of this cluster already (MaxCaches). Share wider scopes.");

            var cache = new ObjectCache<T>(_client, kind, scope, _options, _time, _logger);
            _caches.Add((kind, scope), cache);
            _running.Add(Task.Run(() => cache.RunAsync(_stop.Token)));
            return cache;
        }
    }

    /// <summary>Ends the caches and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Stop())
            await Task.WhenAll(_running);
    }

    /// <summary>Ends the caches without waiting for them.</summary>
    public void Dispose() => Stop();

    private bool Stop()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
                return false;
            _stop.Cancel();
        }

        _meter.Dispose();
        // Not disposed while a cache may still register with it; it holds no timer and no handle.
        return true;
    }

    private IRunningCache[] Snapshot()
    {
        lock (_lock)
            return [.. _caches.Values];
    }

    private void Observe(string name, string unit, string description, Func<IRunningCache, double> read) =>
        _meter.CreateObservableGauge(
            name,
            () => Snapshot().Select(c => new Measurement<double>(
                read(c),
                new KeyValuePair<string, object?>("cluster", (_client as KubernetesClient)?.Server),
                new KeyValuePair<string, object?>("kind", c.Status.Kind.ToString()),
                new KeyValuePair<string, object?>("namespace", c.Status.Scope.Namespace))),
            unit, description);
}
