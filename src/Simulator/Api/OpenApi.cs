using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Api;

/// <summary>
/// The least of OpenAPI v3 that lets <c>kubectl apply</c> work without <c>--validate=false</c>: it says that the server takes
/// fieldValidation. It has no schemas; what <see cref="FieldValidation"/> knows of fields is a table.
/// </summary>
internal static class OpenApi
{
    public static JsonObject? Find(string[] segments) => segments switch
    {
        ["openapi", "v3"] => Index(),
        ["openapi", "v3", "api", var version] => Document("", version),
        ["openapi", "v3", "apis", var group, var version] => Document(group, version),
        _ => null,
    };

    private static string Root(ResourceType type) => type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.Group}/{type.Version}";

    private static JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var root in ResourceCatalog.Served.Select(Root).Distinct())
            paths[root] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{root}?hash=1" };
        return new JsonObject { ["paths"] = paths };
    }

    private static JsonObject? Document(string group, string version)
    {
        var paths = new JsonObject();
        foreach (var type in ResourceCatalog.Served.Where(t => t.Group == group && t.Version == version))
        {
            var path = $"/{Root(type)}/{(type.Namespaced ? "namespaces/{namespace}/" : "")}{type.Plural}/{{name}}";
            paths[path] = new JsonObject { ["patch"] = Patch(type) };
        }
        return paths.Count == 0 ? null : new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.32.0" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = new JsonObject() },
        };
    }

    private static JsonObject Patch(ResourceType type) => new()
    {
        ["parameters"] = new JsonArray([..
            new[] { "dryRun", "fieldManager", "fieldValidation", "force" }.Select(name => (JsonNode)new JsonObject
        {
            ["name"] = name,
            ["in"] = "query",
            ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
        })]),
        ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
        ["x-kubernetes-action"] = "patch",
        ["x-kubernetes-group-version-kind"] = new JsonObject { ["group"] = type.Group, ["kind"] = type.Kind, ["version"] = type.Version },
    };
}
