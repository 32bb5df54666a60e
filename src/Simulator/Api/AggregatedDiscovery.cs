using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>All groups, versions and resources in one document, for clients that say that they read it.</summary>
internal static class AggregatedDiscovery
{
    public const string MediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    public static JsonObject? Find(HttpContext http, string[] segments)
    {
        var accepts = http.Request.Headers.Accept.ToString().Replace(" ", "", StringComparison.Ordinal);
        if (segments is not (["api"] or ["apis"]) || !accepts.Contains(MediaType, StringComparison.Ordinal))
            return null;
        var types = ResourceCatalog.Served.Where(t => t.Group.Length == 0 == segments is ["api"]);
        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/v2",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. types.GroupBy(t => t.Group).Select(Group)]),
        };
    }

    private static JsonObject Group(IGrouping<string, ResourceType> group) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = group.Key, ["creationTimestamp"] = null },
        ["versions"] = new JsonArray([.. group.GroupBy(t => t.Version).Select(version => new JsonObject
        {
            ["version"] = version.Key,
            ["freshness"] = "Current",
            ["resources"] = new JsonArray([.. version.Select(Resource)]),
        })]),
    };

    private static JsonObject Resource(ResourceType type)
    {
        var plain = Discovery.Resource(type);
        var resource = new JsonObject
        {
            ["resource"] = type.Plural,
            ["responseKind"] = Kind(type.Group, type.Version, type.Kind),
            ["scope"] = type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = type.Singular,
            ["verbs"] = plain["verbs"]!.DeepClone(),
        };
        foreach (var field in new[] { "shortNames", "categories" })
        {
            if (plain[field] is { } value)
                resource[field] = value.DeepClone();
        }
        if (type.Subresources.Count > 0)
            resource["subresources"] = new JsonArray([.. type.Subresources.Select(sub => Subresource(type, sub))]);
        return resource;
    }

    private static JsonObject Subresource(ResourceType type, string sub)
    {
        var plain = Discovery.Subresource(type, sub);
        return new JsonObject
        {
            ["subresource"] = sub,
            ["responseKind"] = Kind(
                plain.Text("group") ?? type.Group, plain.Text("version") ?? type.Version, plain.Text("kind") ?? type.Kind),
            ["verbs"] = plain["verbs"]!.DeepClone(),
        };
    }

    private static JsonObject Kind(string group, string version, string kind)
        => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
}
