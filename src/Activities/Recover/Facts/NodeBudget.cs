using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>How many nodes may be taken out of service at once.</summary>
internal static class NodeBudget
{
    /// <summary>Why a node must not be taken out of service now; null when it may.</summary>
    /// <param name="minHealthyPercent">Of all nodes, that must stay ready and schedulable without this one.</param>
    public static async Task<string?> ObjectionAsync(
        ActionTools tools, JsonObject node, int minHealthyPercent, CancellationToken cancellationToken)
    {
        var nodes = await tools.ListAsync(Kinds.Node, null, cancellationToken);
        var healthy = nodes.Count(other => other.Name() != node.Name() && IsHealthy(other));
        if (healthy * 100 < nodes.Count * minHealthyPercent)
        {
            return Workloads.Invariant(
                $"without it {healthy} of {nodes.Count} nodes would be healthy; {minHealthyPercent} % are asked for");
        }

        if (!IsControlPlane(node)) return null;
        var outside = nodes.FirstOrDefault(other => other.Name() != node.Name() && IsControlPlane(other) && !IsHealthy(other));
        return outside is null ? null : $"control-plane node {outside.Name()} is out of service already: one at a time";
    }

    public static bool IsHealthy(JsonObject node) => node.HasCondition("Ready") && !node.IsTrue("spec", "unschedulable");

    private static bool IsControlPlane(JsonObject node) =>
        node.Label("node-role.kubernetes.io/control-plane") is not null || node.Label("node-role.kubernetes.io/master") is not null;
}
