using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>A client that only watches, and whose first watch fails; all further ones are those of the client behind it.</summary>
internal sealed class FirstWatchFails(IKubernetesClient inner, Exception failure) : IKubernetesClient
{
    private int _watches;

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        Interlocked.Increment(ref _watches) == 1 ? throw failure : inner.WatchAsync<T>(kind, ns, options, cancellationToken);

    public Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<T> PatchAsync<T>(
        ResourceKind kind, string? ns, string name, Patch patch, WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw new NotSupportedException();

    public Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<Scale> SetScaleAsync(
        ResourceKind kind, string ns, string name, int replicas, string? resourceVersion = null, WriteOptions? options = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
