using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>
/// Node pools as MachineDeployments of Cluster API, in the same cluster that is healed (a cluster that manages itself). A pool is named
/// namespace/name.
/// </summary>
internal sealed class ClusterApiPools : INodePool
{
    public static readonly ResourceKind MachineDeployment = new("cluster.x-k8s.io", "MachineDeployment");

    private const string ScaledByAutoscaler = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";
    private const string Paused = "cluster.x-k8s.io/paused";
    private const string OfTopology = "topology.cluster.x-k8s.io/owned";

    public async Task<NodePool?> ReadAsync(ActionTools tools, string pool, CancellationToken cancellationToken)
    {
        if (pool.Split('/') is not [{ Length: > 0 } ns, { Length: > 0 } name]) return null;
        var live = await tools.ReadAsync(MachineDeployment, ns, name, cancellationToken);
        return live is null ? null
            : new NodePool(pool, live.Whole("spec", "replicas") ?? 1, live.Whole("status", "readyReplicas") ?? 0, Objection(live), live);
    }

    public Effect Scale(NodePool pool, int nodes) => PatchEffect.On(
        ObjectAddress.Of(MachineDeployment, pool.Live.Text("metadata", "namespace"), pool.Live.Name()), pool.Live,
        FieldChange.Of(pool.Live, nodes, "spec", "replicas"));

    private static string? Objection(JsonObject live)
    {
        if (live.IsDeleting()) return "it is being deleted";
        if (live.Annotation(ScaledByAutoscaler) is not null) return "the cluster autoscaler scales it";
        if (live.Annotation(Paused) is not null || live.IsTrue("spec", "paused")) return "it is paused, which is somebody's intent";
        if (live.Label(OfTopology) is not null) return "the topology of its Cluster says how big it is: change it there";
        return PatchEffect.OwnerOf(live) is { } owner ? $"it belongs to {owner.Tool} ({owner.Proof}): change it there" : null;
    }
}
