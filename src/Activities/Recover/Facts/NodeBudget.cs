using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>How many nodes may be taken out of service at once.</summary>
internal static class NodeBudget
{
    // What runs on the nodes of each of these decides by majority, etcd at least, and may run on nodes of its own.
    private static readonly string[] Quorums =
    [
        "node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/controlplane",
        "node-role.kubernetes.io/etcd",
    ];

    /// <summary>Why a node must not be taken out of service now; null when it may.</summary>
    /// <param name="minHealthyPercent">Of all nodes, that must stay ready and schedulable without this one.</param>
    /// <param name="stops">What runs on the node stops, or is about to: it is missed where a majority is needed.</param>
    public static async Task<string?> ObjectionAsync(
        ActionTools tools, JsonObject node, int minHealthyPercent, bool stops, CancellationToken cancellationToken) =>
        Objection(await tools.ListAsync(Kinds.Node, null, cancellationToken), node, minHealthyPercent, stops);

    /// <summary>As <see cref="ObjectionAsync"/>, of these nodes, which are all. Pure.</summary>
    public static string? Objection(IReadOnlyList<JsonObject> nodes, JsonObject node, int minHealthyPercent, bool stops)
    {
        var others = nodes.Where(other => other.Name() != node.Name()).ToList();
        var healthy = others.Count(IsHealthy);
        if (healthy * 100 < nodes.Count * minHealthyPercent)
        {
            return Workloads.Invariant(
                $"without it {healthy} of {nodes.Count} nodes would be healthy; {minHealthyPercent} % are asked for");
        }

        foreach (var role in Quorums.Where(role => node.Label(role) is not null))
        {
            var members = others.Where(other => other.Label(role) is not null).ToList();
            if (members.FirstOrDefault(other => !IsHealthy(other)) is { } outside)
            {
                return $"control-plane node {outside.Name()} is out of service already: one at a time";
            }

            var all = members.Count + 1;
            if (stops && members.Count * 2 <= all)
            {
                return Workloads.Invariant($"it is one of {all} control-plane nodes: the others are no majority without it");
            }
        }

        return null;
    }

    public static bool IsHealthy(JsonObject node) => node.HasCondition("Ready") && !node.IsTrue("spec", "unschedulable");
}
