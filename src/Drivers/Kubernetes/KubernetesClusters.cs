using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Discovery;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Drivers.Kubernetes;

/// <summary>
/// Several clusters at once, by name. Each has a client, limits, breaker, credentials and caches of its own: one that is down harms no
/// other. A cluster is configured when it is first asked for; its errors come then.
/// </summary>
public sealed class KubernetesClusters(
    IEnumerable<KubernetesClusterName> names,
    IOptionsMonitor<KubernetesClientOptions> clientOptions,
    IOptionsMonitor<CacheOptions> cacheOptions,
    KubernetesClientFactory factory,
    TimeProvider time,
    ILoggerFactory loggers) : IAsyncDisposable, IDisposable
{
    private readonly Lock _lock = new();
    private readonly string[] _names = [.. names.Select(n => n.Name).Distinct(StringComparer.Ordinal)];
    private readonly Dictionary<string, KubernetesCluster> _clusters = new(StringComparer.Ordinal);
    private bool _isDisposed;

    /// <summary>The names that were registered, in that order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>A cluster by name; always the same one.</summary>
    /// <exception cref="ArgumentException">No cluster of this name was registered, or its options are out of range.</exception>
    /// <exception cref="KubeconfigException">There is no usable configuration of it.</exception>
    public KubernetesCluster Get(string name)
    {
        if (!_names.Contains(name, StringComparer.Ordinal))
            throw new ArgumentException(
                $"Kubernetes cluster '{name}' is not registered (AddKubernetesCluster). Known: "
                + $"{(_names.Length == 0 ? "none" : string.Join(", ", _names.Select(n => $"'{n}'")))}.", nameof(name));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_clusters.TryGetValue(name, out var known))
                return known;
            var client = factory.Create(clientOptions.Get(name));
            var caches = new KubernetesCaches(client, cacheOptions.Get(name), time, loggers.CreateLogger<KubernetesCaches>());
            return _clusters[name] = new KubernetesCluster(name, client, caches, new ServedKinds(client, time));
        }
    }

    public void Dispose()
    {
        foreach (var cluster in Take())
        {
            cluster.Caches.Dispose();
            cluster.Client.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in Take())
        {
            await cluster.Caches.DisposeAsync();
            cluster.Client.Dispose();
        }
    }

    private KubernetesCluster[] Take()
    {
        lock (_lock)
        {
            KubernetesCluster[] all = [.. _clusters.Values];
            _clusters.Clear();
            _isDisposed = true;
            return all;
        }
    }
}

/// <summary>One of several clusters.</summary>
public sealed record KubernetesCluster(string Name, KubernetesClient Client, KubernetesCaches Caches, ServedKinds Kinds);

/// <summary>The name of a registered cluster.</summary>
public sealed record KubernetesClusterName(string Name);
