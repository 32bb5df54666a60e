using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Adds nodes to a pool when pods fit on no node that is there. Its inverse takes as many away again.</summary>
internal sealed class ScaleNodePool : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "scale_node_pool",
        RiskClass.R3,
        [Causes.CapacityExhausted],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            new ActionParameter("pool", ParameterKind.Text, "", null, null,
                "Which pool: namespace/name of a MachineDeployment of Cluster API. Required."),
            new ActionParameter("by", ParameterKind.Number, "1", "1", "5", "How many nodes more."),
            new ActionParameter("max", ParameterKind.Number, "10", "1", "1000", "Never a bigger pool than this."),
        ],
        "A pod of the workload waits because no node has the room it requests, as the scheduler says and the nodes' own numbers show; a "
            + "provider knows the pool, all its nodes are ready, and neither an autoscaler nor another tool says how big it is.",
        "All nodes of the pool are ready, and no pod of the workload waits for a node.",
        "scale_node_pool_back",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            Rules.ReadReplicaSets, Rules.ReadPods, Rules.ReadNodes, Rules.Change("cluster.x-k8s.io", "machinedeployments"),
        ])
    {
        ForOwned = true,
        Summary = "Adds nodes to a pool when pods fit on none.",
        EffectWithin = TimeSpan.FromMinutes(20),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        parameters["pool"].Length == 0 ? "it is not said which pool" : null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (values.Given("pool") is not { } name) return Proposal.Refuse("it is not said which pool");
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        var waiting = (await Workloads.PodsAsync(tools, live, cancellationToken)).Where(WaitsForRoom).ToList();
        if (waiting.Count == 0) return Proposal.Refuse("no pod of it waits because nodes are full");
        var room = await Capacity.RoomForAsync(tools, waiting[0]["spec"], 1, cancellationToken);
        if (room > 0) return Proposal.Refuse(Workloads.Invariant($"the nodes have room for {room} more pods of it"));
        if (await FindAsync(tools, name, cancellationToken) is not var (provider, pool))
        {
            return Proposal.Refuse($"no provider knows pool '{SafeText.Line(name, 100)}'");
        }

        if (pool.Objection is { } objection) return Proposal.Refuse($"pool {pool.Name}: {objection}");
        if (pool.Ready < pool.Desired)
        {
            return Proposal.Refuse(
                Workloads.Invariant($"{pool.Ready} of {pool.Desired} nodes of pool {pool.Name} are ready: more may be coming"));
        }

        var wanted = Math.Min(pool.Desired + values.Number("by"), values.Number("max"));
        if (wanted <= pool.Desired) return Proposal.Refuse(Workloads.Invariant($"pool {pool.Name} has its {pool.Desired} nodes already"));
        return Proposal.Act(
                Workloads.Invariant($"scales pool {pool.Name} from {pool.Desired} to {wanted} nodes"), provider.Scale(pool, wanted))
            .With("pool", pool.Name).With("nodes", wanted);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var wanted = image.Facts.Whole("nodes") ?? 0;
        var found = await FindAsync(tools, image.Facts.Text("pool") ?? "", cancellationToken);
        if (found is not var (_, pool)) return EffectCheck.NotYet("its pool is gone");
        if (pool.Ready < wanted) return EffectCheck.NotYet(Workloads.Invariant($"{pool.Ready} of {wanted} nodes are ready"));
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        var waiting = (await Workloads.PodsAsync(tools, live, cancellationToken)).FirstOrDefault(WaitsForRoom);
        return waiting is null
            ? EffectCheck.Yes(Workloads.Invariant($"{pool.Ready} nodes are ready, and no pod waits for one"))
            : EffectCheck.NotYet($"pod {waiting.Name()} still waits for a node");
    }

    private static async Task<(INodePool Provider, NodePool Pool)?> FindAsync(
        ActionTools tools, string name, CancellationToken cancellationToken)
    {
        foreach (var provider in tools.Ports.NodePools)
        {
            if (await provider.ReadAsync(tools, name, cancellationToken) is { } pool) return (provider, pool);
        }

        return null;
    }

    private static bool WaitsForRoom(JsonObject pod) =>
        !pod.IsDeleting() && pod.Text("spec", "nodeName") is null
        && pod.Condition("PodScheduled") is { } condition && condition.Text("status") == "False"
        && condition.Text("message")?.Contains("Insufficient ", StringComparison.Ordinal) == true;
}
