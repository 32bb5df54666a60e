using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>Stands where a healer of libvirt hosts alone has no cluster: every request is refused, and says why.</summary>
public sealed class AbsentCluster : IKubernetesClient
{
    private static KubernetesUnreachableException Absent(string verb, ResourceKind? kind = null) => new(
        UnreachableCause.ConnectFailed, verb, kind?.Kind ?? "cluster",
            "this healer has no cluster (setting Heal:Kubernetes:Target is none)");

    public Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("get", kind);

    public Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("get", kind);

    public Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("list", kind);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("watch", kind);

    public Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("create", kind);

    public Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("update", kind);

    public Task<T> PatchAsync<T>(
        ResourceKind kind, string? ns, string name, Patch patch, WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("patch", kind);

    public Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject => throw Absent("apply", kind);

    public Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default) =>
        throw Absent("delete", kind);

    public Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default) =>
        throw Absent("get", kind);

    public Task<Scale> SetScaleAsync(
        ResourceKind kind, string ns, string name, int replicas, string? resourceVersion = null, WriteOptions? options = null,
        CancellationToken cancellationToken = default) => throw Absent("update", kind);

    public Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default) =>
        throw Absent("get");

    public Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default) =>
        throw Absent("discover", kind);

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) => throw Absent("get");
}
