using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities.Tests;

/// <summary>
/// A client that notes which rights were used, and around whose writes something happens: the process dies, or somebody else is faster.
/// </summary>
internal sealed class WatchedClient(
    KubernetesClient inner, Func<int, Task>? before = null, Func<int, Task>? after = null, Func<string, Task>? reads = null)
    : IKubernetesClient
{
    private readonly HashSet<(string Group, string Resource, string Verb)> _used = [];

    public KubernetesClient Inner => inner;

    /// <summary>Kinds that this cluster does not have.</summary>
    public HashSet<string> NotServed { get; } = [];

    /// <summary>Kinds of which this cluster has no objects, because the controller that makes them is off.</summary>
    public HashSet<string> NotMade { get; } = [];

    /// <summary>Writes that were sent and were no dry runs.</summary>
    public int Writes { get; private set; }

    public IReadOnlyCollection<(string Group, string Resource, string Verb)> Used => _used;

    public Task<T> PatchAsync<T>(
        ResourceKind kind, string? ns, string name, Patch patch, WriteOptions? options = null,
        CancellationToken cancellationToken = default) where T : KubernetesObject =>
        WriteAsync(kind, "patch", options?.DryRun, () => inner.PatchAsync<T>(kind, ns, name, patch, options, cancellationToken),
            options?.Subresource is { } sub ? $"/{sub}" : "");

    public Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WriteAsync(kind, "create", options?.DryRun ?? false, () => inner.CreateAsync(kind, body, options, cancellationToken),
            options?.Subresource is { } sub ? $"/{sub}" : "");

    public Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WriteAsync(kind, "update", options?.DryRun, () => inner.ReplaceAsync(kind, body, options, cancellationToken));

    public Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WriteAsync(kind, "patch", options.DryRun, () => inner.ApplyAsync(kind, body, options, cancellationToken));

    public Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default) =>
        WriteAsync(kind, "delete", options?.DryRun, () => inner.DeleteAsync(kind, ns, name, options, cancellationToken));

    public async Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject
    {
        await NoteAsync(kind, "get");
        return await inner.GetAsync<T>(kind, ns, name, cancellationToken);
    }

    public async Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject
    {
        await NoteAsync(kind, "get");
        if (reads is not null) await reads(kind.Kind);
        return NotMade.Contains(kind.Kind) ? null : await inner.TryGetAsync<T>(kind, ns, name, cancellationToken);
    }

    public async Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject
    {
        await NoteAsync(kind, "list");
        return await inner.ListAsync<T>(kind, ns, options, cancellationToken);
    }

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.WatchAsync<T>(kind, ns, options, cancellationToken);

    public Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default) =>
        inner.GetScaleAsync(kind, ns, name, cancellationToken);

    public Task<Scale> SetScaleAsync(
        ResourceKind kind, string ns, string name, int replicas, string? resourceVersion = null, WriteOptions? options = null,
        CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("no action scales by the subresource");

    public Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default) =>
        inner.GetPodLogAsync(ns, pod, options, cancellationToken);

    public Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default) =>
        NotServed.Contains(kind.Kind) ? Task.FromResult<ApiResource?>(null) : inner.DiscoverAsync(kind, cancellationToken);

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) => inner.GetVersionAsync(cancellationToken);

    public static KubernetesForbiddenException Forbidden(string verb, string group, string resource, string ns) => new(
        new KubernetesApiError { StatusCode = System.Net.HttpStatusCode.Forbidden, Reason = "Forbidden", Verb = verb, Resource = resource },
        new MissingPermission("system:serviceaccount:heal:heal", verb, group, resource, ns));

    private async Task<T> WriteAsync<T>(ResourceKind kind, string verb, bool? dryRun, Func<Task<T>> write, string sub = "")
    {
        await NoteAsync(kind, verb, sub);
        if (dryRun == true) return await write();
        var number = ++Writes;
        if (before is not null) await before(number);
        var result = await write();
        if (after is not null) await after(number);
        return result;
    }

    private async Task NoteAsync(ResourceKind kind, string verb, string sub = "")
    {
        if (await inner.DiscoverAsync(kind) is { } resource) _used.Add((resource.Group, resource.Plural + sub, verb));
    }
}
