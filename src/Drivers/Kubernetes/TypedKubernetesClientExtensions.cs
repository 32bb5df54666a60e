using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>
/// The methods of <see cref="IKubernetesClient"/> for types that name their kind with <see cref="KubernetesResourceAttribute"/>.
/// </summary>
public static class TypedKubernetesClientExtensions
{
    /// <inheritdoc cref="IKubernetesClient.GetAsync"/>
    public static Task<T> GetAsync<T>(
        this IKubernetesClient client, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.GetAsync<T>(ResourceKind.Of<T>(), ns, name, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.TryGetAsync"/>
    public static Task<T?> TryGetAsync<T>(
        this IKubernetesClient client, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.TryGetAsync<T>(ResourceKind.Of<T>(), ns, name, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.ListAsync"/>
    public static Task<KubernetesList<T>> ListAsync<T>(
        this IKubernetesClient client, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.ListAsync<T>(ResourceKind.Of<T>(), ns, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.WatchAsync"/>
    public static IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        this IKubernetesClient client, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.WatchAsync<T>(ResourceKind.Of<T>(), ns, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.CreateAsync"/>
    public static Task<T> CreateAsync<T>(
        this IKubernetesClient client, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.CreateAsync(ResourceKind.Of<T>(), body, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.ReplaceAsync"/>
    public static Task<T> ReplaceAsync<T>(
        this IKubernetesClient client, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.ReplaceAsync(ResourceKind.Of<T>(), body, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.PatchAsync"/>
    public static Task<T> PatchAsync<T>(
        this IKubernetesClient client,
        string? ns,
        string name,
        Patch patch,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.PatchAsync<T>(ResourceKind.Of<T>(), ns, name, patch, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.ApplyAsync"/>
    public static Task<T> ApplyAsync<T>(
        this IKubernetesClient client, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.ApplyAsync(ResourceKind.Of<T>(), body, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.DeleteAsync"/>
    public static Task<bool> DeleteAsync<T>(
        this IKubernetesClient client,
        string? ns,
        string name,
        DeleteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.DeleteAsync(ResourceKind.Of<T>(), ns, name, options, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.GetScaleAsync"/>
    public static Task<Scale> GetScaleAsync<T>(
        this IKubernetesClient client, string ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.GetScaleAsync(ResourceKind.Of<T>(), ns, name, cancellationToken);

    /// <inheritdoc cref="IKubernetesClient.SetScaleAsync"/>
    public static Task<Scale> SetScaleAsync<T>(
        this IKubernetesClient client,
        string ns,
        string name,
        int replicas,
        string? resourceVersion = null,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        client.SetScaleAsync(ResourceKind.Of<T>(), ns, name, replicas, resourceVersion, options, cancellationToken);
}
