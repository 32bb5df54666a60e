using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Kubelet;

/// <summary>Changes of requests and limits of running containers, in place: done at once, or never where the node is too small.</summary>
internal static class Resizing
{
    /// <summary>Nodes of the simulator have 8 processors and 32Gi.</summary>
    private static readonly Dictionary<string, decimal> NodeSize = new(StringComparer.Ordinal)
    {
        ["cpu"] = 8, ["memory"] = 32m * 1024 * 1024 * 1024,
    };

    public static void Follow(JsonObject pod, PodState state)
    {
        var specs = pod.Items("spec", "initContainers").Concat(pod.Items("spec", "containers"))
            .ToDictionary(c => c.Text("name") ?? "", StringComparer.Ordinal);
        var changed = state.Containers
            .Where(c => c.Resources is not null && !JsonAccess.Same(c.Resources, specs[c.Name].Object("resources") ?? [])).ToList();
        state.Infeasible = changed.Count == 0 ? null : Objection(specs.Values);
        if (state.Infeasible is null)
            changed.ForEach(c => c.Resources = specs[c.Name].Object("resources")?.Copy() ?? []);
    }

    private static string? Objection(IEnumerable<JsonObject> containers)
    {
        var requests = containers.Select(c => c.Object("resources", "requests")).ToList();
        var over = NodeSize.FirstOrDefault(size => requests.Sum(r => Quantity.Parse(r.Text(size.Key)) ?? 0) > size.Value);
        return over.Key is null ? null : $"Node didn't have enough capacity: {over.Key}";
    }
}
