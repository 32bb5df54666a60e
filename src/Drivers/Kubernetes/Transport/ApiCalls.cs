using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Builds calls about objects: URLs with every foreign part escaped, verbs as RBAC names them.</summary>
internal static class ApiCalls
{
    public const string JsonMediaType = "application/json";
    public const string MetadataOfMany = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json";
    public const string MetadataOfOne = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json";

    public static ApiCall Read(ApiResource resource, string? ns, string name, string? subresource = null, string query = "") =>
        About(resource, ns, name, subresource) with { Verb = "get", Query = query };

    public static ApiCall List(ApiResource resource, string? ns, string query) =>
        About(resource, ns, null, null) with { Verb = "list", Query = query };

    public static ApiCall Watch(ApiResource resource, string? ns, string query) =>
        About(resource, ns, null, null) with { Verb = "watch", Query = query };

    public static ApiCall Create(ApiResource resource, string? ns, JsonObject body, string query) =>
        About(resource, ns, null, null) with
        {
            Verb = "create", Method = HttpMethod.Post, Query = query, Body = Bytes(body), MediaType = JsonMediaType, IsIdempotent = false,
        };

    public static ApiCall CreateSubresource(
        ApiResource resource, string? ns, string name, string subresource, JsonObject body, string query) =>
        About(resource, ns, name, subresource) with
        {
            Verb = "create", Method = HttpMethod.Post, Query = query, Body = Bytes(body), MediaType = JsonMediaType, IsIdempotent = false,
        };

    public static ApiCall Replace(
        ApiResource resource, string? ns, string name, string? subresource, JsonObject body, string query) =>
        About(resource, ns, name, subresource) with
        {
            Verb = "update", Method = HttpMethod.Put, Query = query, Body = Bytes(body), MediaType = JsonMediaType,
        };

    public static ApiCall Patch(
        ApiResource resource, string? ns, string name, string? subresource, Patch patch, string query) =>
        About(resource, ns, name, subresource) with
        {
            Verb = "patch", Method = HttpMethod.Patch, Query = query, Body = Bytes(patch.Body), MediaType = patch.MediaType,
            IsIdempotent = patch.IsIdempotent,
        };

    public static ApiCall Apply(
        ApiResource resource, string? ns, string name, string? subresource, JsonObject body, string query) =>
        About(resource, ns, name, subresource) with
        {
            // JSON is YAML, and the older name of the media type is the one that every version knows.
            Verb = "patch", Method = HttpMethod.Patch, Query = query, Body = Bytes(body), MediaType = "application/apply-patch+yaml",
        };

    public static ApiCall Delete(ApiResource resource, string? ns, string name, JsonObject options) =>
        About(resource, ns, name, null) with
        {
            Verb = "delete", Method = HttpMethod.Delete, Body = Bytes(options), MediaType = JsonMediaType,
        };

    /// <summary>A document that is no object: /version, /apis ...</summary>
    public static ApiCall Document(string path) => new()
    {
        Verb = "get", Method = HttpMethod.Get, Path = path, IsIdempotent = true, Kind = "discovery", Resource = path,
    };

    /// <summary>What a kubelet measures, through the API server.</summary>
    public static ApiCall NodeSummary(string node) => new()
    {
        Verb = "get", Method = HttpMethod.Get, IsIdempotent = true,
        Path = $"api/v1/nodes/{Segment(node, nameof(node))}/proxy/stats/summary",
        Kind = "Node", Resource = "nodes/proxy", IsProxied = true,
    };

    /// <summary>"?a=b&amp;c=d" of those that have a value.</summary>
    public static string Query(params IEnumerable<(string Name, string? Value)> parameters)
    {
        var text = string.Join('&', parameters
            .Where(p => !string.IsNullOrEmpty(p.Value))
            .Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
        return text.Length == 0 ? string.Empty : "?" + text;
    }

    private static ApiCall About(ApiResource resource, string? ns, string? name, string? subresource)
    {
        if (!resource.Namespaced && ns is not null)
            throw new ArgumentException($"Kind '{resource.Kind}' has no namespaces: expected null, got '{ns}'.", nameof(ns));
        if (resource.Namespaced && ns is null && name is not null)
            throw new ArgumentException($"Kind '{resource.Kind}' needs a namespace, got null.", nameof(ns));

        var path = new StringBuilder(resource.Group.Length == 0 ? "api/" : "apis/").Append(resource.ApiVersion);
        if (ns is not null)
            path.Append("/namespaces/").Append(Segment(ns, nameof(ns)));
        path.Append('/').Append(resource.Plural);
        if (name is not null)
            path.Append('/').Append(Segment(name, nameof(name)));
        if (subresource is not null)
            path.Append('/').Append(Segment(subresource, nameof(subresource)));

        return new ApiCall
        {
            Verb = "get",
            Method = HttpMethod.Get,
            Path = path.ToString(),
            IsIdempotent = true,
            Group = resource.Group,
            Kind = resource.Kind,
            Resource = subresource is null ? resource.Plural : $"{resource.Plural}/{subresource}",
            Namespace = ns,
        };
    }

    // A name from outside must not change which URL is called: "..", "a/b", "a%2fb".
    private static string Segment(string value, string parameter) =>
        value.Length is > 0 and <= 253 && value is not ("." or "..") && value.AsSpan().IndexOfAny('/', '%') < 0
            ? Uri.EscapeDataString(value)
            : throw new ArgumentException(
                $"Expected a Kubernetes name of 1 to 253 characters without '/' and '%', got '{value}'.", parameter);

    private static byte[] Bytes(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());
}
