using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Objects;
using Heal.Drivers.Kubernetes.Pods;
using Heal.Drivers.Kubernetes.Transport;
using Heal.Drivers.Kubernetes.Watching;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes;

/// <summary>
/// The client of one cluster over HTTP. Made by <see cref="KubernetesClientFactory"/>; dispose it when the cluster is no longer
/// needed.
/// </summary>
public sealed class KubernetesClient : IKubernetesClient, IPodSessions, INodeStats, IDisposable
{
    private readonly ApiTransport _transport;
    private readonly DiscoveryCache _discovery;
    private readonly ObjectReader _reader;
    private readonly ObjectLister _lister;
    private readonly StreamedLists _streams;
    private readonly PodSessions _sessions;
    private readonly ILogger _logger;

    internal KubernetesClient(ApiTransport transport, string? contextNamespace, ILogger logger)
    {
        _transport = transport;
        _logger = logger;
        ContextNamespace = contextNamespace;
        _discovery = new DiscoveryCache(transport);
        _reader = new ObjectReader(transport);
        _lister = new ObjectLister(transport, _discovery, logger);
        _streams = new StreamedLists(transport.Options, transport.Time);
        _sessions = new PodSessions(transport, _discovery);
    }

    /// <summary>
    /// The namespace that the kubeconfig's context or the pod's service account names; null when there is none. Calls do not use it.
    /// </summary>
    public string? ContextNamespace { get; }

    /// <summary>Scheme, host and port of the API server.</summary>
    public string Server => _transport.Cluster;

    public async Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        await WithResourceAsync(
            "get",
            kind,
            resource => _reader.CallAsync<T>(resource, ApiCalls.Read(resource, ns, name), cancellationToken),
            cancellationToken);

    public async Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default)
        where T : KubernetesObject
    {
        try
        {
            return await GetAsync<T>(kind, ns, name, cancellationToken);
        }
        catch (KubernetesNotFoundException exception) when (exception.IsAboutObject)
        {
            return null;
        }
    }

    public Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        _lister.ListAsync<T>(kind, ns, options ?? new ListOptions(), cancellationToken);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        new ObjectWatch<T>(_transport, _discovery, _lister, _streams, kind, ns, options ?? new WatchOptions(), _logger)
            .RunAsync(cancellationToken);

    public Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WithResourceAsync("create", kind, resource =>
        {
            var query = WriteQuery(options?.DryRun, options?.FieldManager);
            if (options?.Subresource is { } sub)
                return _reader.CallAsync<T>(
                    resource,
                    ApiCalls.CreateSubresource(resource, body.Metadata.Namespace, NameOf(body), sub, Json(body, resource, sub), query),
                    cancellationToken);
            return _reader.CallAsync<T>(
                resource, ApiCalls.Create(resource, body.Metadata.Namespace, Json(body, resource), query), cancellationToken);
        }, cancellationToken);

    public Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WithResourceAsync("update", kind, resource =>
        {
            if (body.IsTrimmed)
                throw new ArgumentException(
                    $"'{body}' was read with parts left out (a cache does), which a replace would delete: patch it, or read it anew.",
                    nameof(body));
            var query = WriteQuery(options?.DryRun, options?.FieldManager);
            var call = ApiCalls.Replace(
                resource, body.Metadata.Namespace, NameOf(body), options?.Subresource, Json(body, resource, options?.Subresource), query);
            return _reader.CallAsync<T>(resource, call, cancellationToken);
        }, cancellationToken);

    public Task<T> PatchAsync<T>(
        ResourceKind kind,
        string? ns,
        string name,
        Patch patch,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WithResourceAsync("patch", kind, resource =>
        {
            var query = WriteQuery(options?.DryRun, options?.FieldManager);
            var call = ApiCalls.Patch(resource, ns, name, options?.Subresource, patch, query);
            return _reader.CallAsync<T>(resource, call, cancellationToken);
        }, cancellationToken);

    public Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject =>
        WithResourceAsync("patch", kind, resource =>
        {
            var json = Json(body, resource, options.Subresource);
            // The server refuses to be told who owns what.
            json["metadata"]?.AsObject().Remove("managedFields");
            var query = WriteQuery(options.DryRun, options.FieldManager, options.Force);
            var call = ApiCalls.Apply(resource, body.Metadata.Namespace, NameOf(body), options.Subresource, json, query);
            return _reader.CallAsync<T>(resource, call, cancellationToken);
        }, cancellationToken);

    public async Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var body = DeleteBody(options ?? new DeleteOptions());
            return await WithResourceAsync("delete", kind, resource => _transport.CallAsync(
                ApiCalls.Delete(resource, ns, name, body), ObjectReader.DrainAsync, cancellationToken), cancellationToken);
        }
        catch (KubernetesNotFoundException exception) when (exception.IsAboutObject)
        {
            return false;
        }
    }

    public Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default) =>
        WithResourceAsync("get", kind, resource =>
            _reader.CallAsync<Scale>(resource, ApiCalls.Read(resource, ns, name, "scale"), cancellationToken), cancellationToken);

    public Task<Scale> SetScaleAsync(
        ResourceKind kind,
        string ns,
        string name,
        int replicas,
        string? resourceVersion = null,
        WriteOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        var body = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        if (resourceVersion is not null)
            body["metadata"] = new JsonObject { ["resourceVersion"] = resourceVersion };
        return WithResourceAsync("patch", kind, resource =>
        {
            var query = WriteQuery(options?.DryRun, options?.FieldManager);
            var call = ApiCalls.Patch(resource, ns, name, "scale", Patch.Merge(body), query);
            return _reader.CallAsync<Scale>(resource, call, cancellationToken);
        }, cancellationToken);
    }

    public Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LogOptions();
        var query = ApiCalls.Query(
            ("container", options.Container),
            ("previous", options.Previous ? "true" : null),
            ("tailLines", options.TailLines?.ToString()),
            ("sinceSeconds", options.SinceSeconds?.ToString()),
            ("timestamps", options.Timestamps ? "true" : null));
        return WithResourceAsync("get", ResourceKind.Of<Pod>(), resource =>
        {
            var reader = new LogReader(options.LimitBytes ?? _transport.Options.MaxLogBytes, _transport.Options.MaxResponseBytes);
            return _transport.CallAsync(ApiCalls.Read(resource, ns, pod, "log", query), reader.ReadAsync, cancellationToken);
        }, cancellationToken);
    }

    public IAsyncEnumerable<PodLogLine> FollowLogAsync(
        string ns, string pod, LogFollowOptions? options = null, CancellationToken cancellationToken = default) =>
        _sessions.FollowLogAsync(ns, pod, options, cancellationToken);

    public Task<ExecResult> ExecAsync(string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default) =>
        _sessions.ExecAsync(ns, pod, options, cancellationToken);

    public Task<IReadOnlyList<VolumeUsage>> GetVolumeUsageAsync(string node, CancellationToken cancellationToken = default) =>
        NodeStats.ReadAsync(_transport, node, cancellationToken);

    public Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default) =>
        _discovery.FindAsync(kind, cancellationToken);

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) =>
        _transport.CallAsync(ApiCalls.Document("version"), async (stream, token) =>
            await JsonSerializer.DeserializeAsync<ServerVersion>(_reader.Limited(stream), KubernetesJson.Options, token)
            ?? throw new JsonException("Expected a version document, got null."), cancellationToken);

    public void Dispose() => _transport.Dispose();

    /// <summary>
    /// Runs a call with what discovery says of its kind. When the server does not know the URL (the kind moved to another version
    /// since we asked), discovery is asked anew, once.
    /// </summary>
    private async Task<T> WithResourceAsync<T>(
        string verb, ResourceKind kind, Func<ApiResource, Task<T>> call, CancellationToken cancellationToken)
    {
        var resource = await _discovery.GetAsync(verb, kind, cancellationToken);
        try
        {
            return await call(resource);
        }
        catch (KubernetesNotFoundException exception) when (!exception.IsAboutObject)
        {
            _discovery.Forget(kind);
            var now = await _discovery.GetAsync(verb, kind, cancellationToken);
            if (now.ApiVersion == resource.ApiVersion && now.Plural == resource.Plural)
                throw;
            return await call(now);
        }
    }

    /// <summary>A subresource may have a kind of its own (Scale, Eviction): the body says which.</summary>
    private static JsonObject Json(KubernetesObject body, ApiResource resource, string? subresource = null)
    {
        var json = body.ToJson();
        if (subresource is not null && body is { ApiVersion: not null, Kind: not null })
            return json;
        json["apiVersion"] = resource.ApiVersion;
        json["kind"] = resource.Kind;
        return json;
    }

    private static string NameOf(KubernetesObject body) => body.Metadata.Name
        ?? throw new ArgumentException("Expected metadata.name, got none.", nameof(body));

    private static string WriteQuery(bool? dryRun, string? fieldManager, bool force = false) => ApiCalls.Query(
        ("dryRun", dryRun == true ? "All" : null),
        ("fieldManager", fieldManager),
        // A field that the server does not know is a mistake of ours, or of another version: refused, not dropped. Ignored before 1.25.
        ("fieldValidation", "Strict"),
        ("force", force ? "true" : null));

    private static JsonObject DeleteBody(DeleteOptions options)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "DeleteOptions", ["propagationPolicy"] = options.Propagation.ToString(),
        };
        if (options.GracePeriodSeconds is { } seconds)
            body["gracePeriodSeconds"] = seconds;
        if (options.DryRun)
            body["dryRun"] = new JsonArray("All");
        var preconditions = new JsonObject();
        if (options.Uid is not null)
            preconditions["uid"] = options.Uid;
        if (options.ResourceVersion is not null)
            preconditions["resourceVersion"] = options.ResourceVersion;
        if (preconditions.Count > 0)
            body["preconditions"] = preconditions;
        return body;
    }
}
