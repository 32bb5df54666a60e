using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>
/// A typed client of one Kubernetes API server. Thread-safe; keep one per cluster.
/// Every call has a deadline, bounded retries and a circuit breaker (see <see cref="KubernetesClientOptions"/>).
/// </summary>
/// <remarks>
/// The methods here take a <see cref="ResourceKind"/>, so that kinds without a model of ours work too (as <see cref="KubernetesObject"/>);
/// <see cref="TypedKubernetesClientExtensions"/> has the same methods without it, for the types in <c>Models</c>.
/// A null namespace means "cluster scope", or in lists and watches of a namespaced kind "all namespaces".
/// Delivery: reads, PUT, DELETE, merge, strategic and apply patches may reach the server more than once (they are retried);
/// POST and JSON patches are sent at most once: after a failure the caller must look before it tries again.
/// Every method throws <see cref="KubernetesApiException"/> (or a subclass of it) when the server refuses,
/// <see cref="KubernetesUnreachableException"/> when there is no usable answer, and OperationCanceledException only for the caller's
/// own token.
/// </remarks>
public interface IKubernetesClient
{
    /// <summary>Reads one object.</summary>
    /// <exception cref="KubernetesNotFoundException">There is none.</exception>
    Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Reads one object; null when there is none.</summary>
    Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Reads all objects that match, page by page, as one consistent snapshot (restarted when it expires on the server).</summary>
    Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>
    /// Follows the changes of all objects that match: first one Added per existing object, then changes as they happen.
    /// Survives disconnects and expired versions without losing or repeating a change. Ends by cancellation only, or with an exception.
    /// </summary>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Creates an object. Sent at most once.</summary>
    /// <exception cref="KubernetesConflictException">It exists already (reason AlreadyExists).</exception>
    Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Replaces an object. With metadata.resourceVersion set, only if nobody changed it since.</summary>
    /// <exception cref="KubernetesConflictException">It was changed since.</exception>
    Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Changes parts of an object.</summary>
    /// <exception cref="KubernetesConflictException">The patch carries a resourceVersion that is not the current one.</exception>
    /// <exception cref="KubernetesApiException">Reason Invalid (422): the result would be invalid, or a JSON patch's test
    /// failed.</exception>
    Task<T> PatchAsync<T>(
        ResourceKind kind,
        string? ns,
        string name,
        Patch patch,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Server-side apply: creates the object, or makes the fields that the body names ours.</summary>
    /// <param name="body">A KubernetesObject with only the fields that we mean to own.</param>
    /// <exception cref="KubernetesConflictException">Others own some of the fields; says who and which. Not with Force.</exception>
    Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject;

    /// <summary>Deletes an object.</summary>
    /// <returns>False when there was none (also when an earlier try of the same call deleted it).</returns>
    /// <exception cref="KubernetesConflictException">A precondition does not hold.</exception>
    Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the scale subresource of a scalable object (Deployment, StatefulSet, ReplicaSet, custom).</summary>
    Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default);

    /// <summary>Sets the wanted replica count through the scale subresource.</summary>
    /// <param name="resourceVersion">Only if the object still has this version; null: whatever it is.</param>
    /// <exception cref="KubernetesConflictException">The version is another one.</exception>
    Task<Scale> SetScaleAsync(
        ResourceKind kind,
        string ns,
        string name,
        int replicas,
        string? resourceVersion = null,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default);

    /// <summary>Reads a container's log, the end of it when it is longer than the limit.</summary>
    /// <exception cref="KubernetesApiException">Reason BadRequest: the container has not started, or has no previous run.</exception>
    Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>How the server serves a kind (cached); null when it does not.</summary>
    Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default);

    /// <summary>The server's version.</summary>
    Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default);
}
