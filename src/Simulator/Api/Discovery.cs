using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Api;

/// <summary>
/// Version, API groups and resource lists, in the form that every client understands. What is served is what Kubernetes 1.36 serves:
/// no beta of what has a stable version.
/// </summary>
internal static class Discovery
{
    public static JsonObject? Find(string[] segments, string host) => segments switch
    {
        ["version"] => Version(),
        ["api"] => Versions(host),
        ["api", "v1"] => Resources("", "v1"),
        ["apis"] => Groups(),
        ["apis", var group] when ResourceCatalog.Served.Any(t => t.Group == group && group.Length > 0) => Standalone(group),
        ["apis", var group, var version]
            when ResourceCatalog.Served.Any(t => t.Group == group && t.Version == version)
            => Resources(group, version),
        _ => null,
    };

    private static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = "v1.36.0-heal.simulator",
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = "simulator/amd64",
    };

    private static JsonObject Versions(string host) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = host }),
    };

    private static JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. ResourceCatalog.Served.Select(t => t.Group).Where(g => g.Length > 0).Distinct().Select(Group)]),
    };

    private static JsonObject Standalone(string name)
    {
        var group = Group(name);
        group["kind"] = "APIGroup";
        group["apiVersion"] = "v1";
        return group;
    }

    private static JsonObject Group(string name)
    {
        JsonObject Entry(string version) => new() { ["groupVersion"] = $"{name}/{version}", ["version"] = version };
        var versions = ResourceCatalog.Served.Where(t => t.Group == name).Select(t => t.Version).Distinct().ToList();
        return new JsonObject
        {
            ["name"] = name,
            ["versions"] = new JsonArray([.. versions.Select(Entry)]),
            ["preferredVersion"] = Entry(versions[0]),
        };
    }

    private static JsonObject Resources(string group, string version)
    {
        var list = new JsonArray();
        foreach (var type in ResourceCatalog.Served.Where(t => t.Group == group && t.Version == version))
        {
            list.Add(Resource(type));
            foreach (var sub in type.Subresources)
                list.Add(Subresource(type, sub));
        }
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = list,
        };
    }

    public static JsonObject Resource(ResourceType type)
    {
        var resource = new JsonObject
        {
            ["name"] = type.Plural,
            ["singularName"] = type.Singular,
            ["namespaced"] = type.Namespaced,
            ["kind"] = type.Kind,
            ["verbs"] = type == ResourceCatalog.NewerEvents
                ? new JsonArray("get", "list")
                : new JsonArray("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
        };
        if (type.ShortNames.Count > 0)
            resource["shortNames"] = new JsonArray([.. type.ShortNames]);
        if (type.Categories.Count > 0)
            resource["categories"] = new JsonArray([.. type.Categories]);
        return resource;
    }

    public static JsonObject Subresource(ResourceType type, string sub)
    {
        var resource = new JsonObject
        {
            ["name"] = $"{type.Plural}/{sub}",
            ["singularName"] = "",
            ["namespaced"] = type.Namespaced,
            ["kind"] = sub switch { "scale" => "Scale", "eviction" => "Eviction", _ => type.Kind },
            ["verbs"] = sub switch
            {
                "log" => new JsonArray("get"),
                "eviction" => new JsonArray("create"),
                _ => new JsonArray("get", "patch", "update"),
            },
        };
        if (sub is "scale" or "eviction")
        {
            resource["group"] = sub == "scale" ? "autoscaling" : "policy";
            resource["version"] = "v1";
        }
        return resource;
    }
}
