using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Objects;

/// <summary>
/// Lists page by page. All pages are of one snapshot; when the server has forgotten it (410, after minutes), the list begins anew,
/// after <see cref="MaxRestarts"/> times without pages.
/// </summary>
internal sealed class ObjectLister(ApiTransport transport, DiscoveryCache discovery, ILogger logger)
{
    private const int MaxRestarts = 2;

    public async Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions options, CancellationToken cancellationToken) where T : KubernetesObject
    {
        if (options.Limit is < 1 || options.PageSize < 1)
            throw new ArgumentException(
                $"Expected Limit and PageSize of at least 1, got {options.Limit} and {options.PageSize}.", nameof(options));

        var resource = await discovery.GetAsync("list", kind, cancellationToken);
        var hasAskedAnew = false;
        for (var restarts = 0; ; restarts++)
        {
            try
            {
                return await ListOnceAsync<T>(resource, ns, options, inPages: restarts <= MaxRestarts, cancellationToken);
            }
            catch (KubernetesApiException exception) when (exception.StatusCode == HttpStatusCode.Gone && restarts <= MaxRestarts)
            {
                Log.ListExpired(logger, resource.Plural);
            }
            catch (KubernetesNotFoundException)
            {
                // A collection is always there unless its kind is gone, or served in another version than when we asked.
                discovery.Forget(kind);
                var now = hasAskedAnew ? null : await discovery.FindAsync(kind, cancellationToken);
                if (now is null || now.ApiVersion == resource.ApiVersion)
                    throw;
                (resource, hasAskedAnew) = (now, true);
            }
        }
    }

    private async Task<KubernetesList<T>> ListOnceAsync<T>(
        ApiResource resource, string? ns, ListOptions options, bool inPages, CancellationToken cancellationToken) where T : KubernetesObject
    {
        var items = new List<T>();
        string? next = null;
        var used = 0L;
        while (true)
        {
            var remaining = options.Limit - items.Count;
            var pageSize = inPages || remaining is not null ? Math.Min(options.PageSize, remaining ?? int.MaxValue).ToString() : null;
            var query = ApiCalls.Query(
                ("labelSelector", options.LabelSelector), ("fieldSelector", options.FieldSelector),
                // "0" asks for any version. A further page belongs to the version of the first, and must not name one.
                ("resourceVersion", options.FromServerCache && next is null ? "0" : null),
                ("limit", pageSize), ("continue", next));
            var (page, bytes) = await ReadPageAsync<T>(resource, ns, query, options, used, cancellationToken);
            used += options.LimitPerPage ? 0 : bytes;
            foreach (var item in page.Items ?? [])
            {
                item.FillType(resource);
                if (options.Trim is { } trim)
                    item.Trim(trim);
                items.Add(item);
            }

            next = page.Metadata!.Continue;
            var isFull = items.Count >= options.Limit;
            if (string.IsNullOrEmpty(next) || isFull)
            {
                var isCut = items.Count > options.Limit;
                if (isCut)
                    items.RemoveRange(options.Limit!.Value, items.Count - options.Limit.Value);
                return new KubernetesList<T>(items, page.Metadata.ResourceVersion ?? string.Empty, isCut || !string.IsNullOrEmpty(next));
            }
        }
    }

    private Task<(ListPage<T> Page, long Bytes)> ReadPageAsync<T>(
        ApiResource resource, string? ns, string query, ListOptions options, long used, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var json = TrimmedJson.For(options.Trim);
        var call = ApiCalls.List(resource, ns, query) with { Accept = options.MetadataOnly ? ApiCalls.MetadataOfMany : null };
        return transport.CallAsync(call, async (stream, token) =>
        {
            // Made anew for each try: what a broken try read does not count.
            var budget = new ByteBudget(transport.Options.MaxResponseBytes, used);
            var page = await JsonSerializer.DeserializeAsync<ListPage<T>>(new LimitedStream(stream, budget), json, token);
            if (page?.Metadata is null)
                throw new JsonException($"Expected a list of {resource.Kind}, got another document. Is this a Kubernetes API server?");
            return (page, budget.Used - used);
        }, cancellationToken);
    }

    private sealed class ListPage<T>
    {
        public ListMeta? Metadata { get; init; }
        public List<T>? Items { get; init; }
    }

    private sealed class ListMeta
    {
        public string? ResourceVersion { get; init; }

        [JsonPropertyName("continue")]
        public string? Continue { get; init; }
    }
}
