using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>The caches of one server, with patience.</summary>
internal sealed class CacheRig : IAsyncDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));

    public CacheRig(Uri server, Action<CacheOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new KubernetesClientOptions { Server = server, RetryDelay = TimeSpan.FromMilliseconds(1) };
        Client = Some.Factory(time).Create(options);
        var cacheOptions = new CacheOptions { MaxPause = TimeSpan.FromMilliseconds(20) };
        configure?.Invoke(cacheOptions);
        Caches = new KubernetesCaches(Client, cacheOptions, time ?? TimeProvider.System, NullLogger<KubernetesCaches>.Instance);
    }

    public KubernetesClient Client { get; }

    public KubernetesCaches Caches { get; }

    public CancellationToken Soon => _deadline.Token;

    public static string Text<T>(ObjectChange<T> change) where T : KubernetesObject =>
        $"{(change.IsInitial ? "initial " : "")}{change.Type} {change.Latest.Metadata.Name}@"
        + $"{change.Old?.Metadata.ResourceVersion}>{change.New?.Metadata.ResourceVersion}";

    /// <summary>The next changes that a consumer is told, as text.</summary>
    public async Task<string> TakeAsync<T>(IObjectCache<T> cache, int count) where T : KubernetesObject
    {
        var told = new List<string>();
        await foreach (var change in cache.ChangesAsync(cancellationToken: Soon))
        {
            told.Add(Text(change));
            if (told.Count == count)
                break;
        }

        return string.Join(", ", told);
    }

    /// <summary>Waits for a change after which the cache satisfies the condition.</summary>
    public async Task UntilAsync<T>(IObjectCache<T> cache, Func<bool> condition) where T : KubernetesObject
    {
        await foreach (var _ in cache.ChangesAsync(cancellationToken: Soon))
        {
            if (condition())
                return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Caches.DisposeAsync();
        Client.Dispose();
        _deadline.Dispose();
    }
}
