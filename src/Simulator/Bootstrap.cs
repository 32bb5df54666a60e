using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator;

/// <summary>What a cluster has before anybody uses it: system namespaces, nodes, and the objects given at the start.</summary>
internal static class Bootstrap
{
    public static void Fill(Registry registry, SimulatorOptions options)
    {
        foreach (var name in new[] { "default", "kube-system", "kube-public", "kube-node-lease" })
            Namespace(registry, name);
        foreach (var name in options.Nodes)
            registry.Create(ResourceCatalog.Nodes, "", Node(name, registry.Clock.Timestamp()), new WriteContext("kubelet"));
        foreach (var o in options.Objects)
            Create(registry, o.Copy());
    }

    private static void Create(Registry registry, JsonObject o)
    {
        var type = ResourceCatalog.FindKind(o.Text("apiVersion"), o.Text("kind"))
            ?? throw new SimulatorOptionsException(
                $"The simulator cannot start: Objects: {o.Text("apiVersion")} {o.Text("kind")} is not served; served are "
                + string.Join(", ", ResourceCatalog.Served.Select(t => $"{t.GroupVersion} {t.Kind}")));
        var ns = type.Namespaced ? (o.Namespace().Length > 0 ? o.Namespace() : "default") : "";
        if (ns.Length > 0)
            Namespace(registry, ns);
        if (registry.Store.Find(type, ns, o.Name()) is null)
            registry.Create(type, ns, o, new WriteContext("simulator"));
    }

    private static void Namespace(Registry registry, string name)
    {
        if (registry.Store.Find(ResourceCatalog.Namespaces, "", name) is null)
            registry.Create(ResourceCatalog.Namespaces, "",
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } },
                new WriteContext("simulator"));
    }

    private static JsonObject Node(string name, string now)
    {
        JsonObject Resources() => new() { ["cpu"] = "8", ["memory"] = "32Gi", ["pods"] = "110" };
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject
                {
                    ["kubernetes.io/hostname"] = name,
                    ["kubernetes.io/os"] = "linux",
                    ["kubernetes.io/arch"] = "amd64",
                },
            },
            ["spec"] = new JsonObject(),
            ["status"] = new JsonObject
            {
                ["capacity"] = Resources(),
                ["allocatable"] = Resources(),
                ["addresses"] = new JsonArray(new JsonObject { ["type"] = "Hostname", ["address"] = name }),
                ["nodeInfo"] = new JsonObject { ["kubeletVersion"] = "v1.36.0", ["operatingSystem"] = "linux", ["architecture"] = "amd64" },
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["reason"] = "KubeletReady",
                    ["message"] = "kubelet is posting ready status",
                    ["lastHeartbeatTime"] = now,
                    ["lastTransitionTime"] = now,
                }),
            },
        };
    }
}
