using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Cordons a node and evicts its pods, one by one, as far as budgets allow. When a budget does not give way in time the node is uncordoned
/// again, and what was evicted until then is said. Its inverse uncordons; pods stay where they went.
/// </summary>
internal sealed class DrainNode : IRecipe
{
    public const string Id = "drain_node";

    /// <summary>Pods that one drain evicts at most; a node has no more.</summary>
    public const int MaxPods = 500;

    private const string Mirror = "kubernetes.io/config.mirror";

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R3,
        [Causes.NodeNotReady],
        [TargetKinds.Node],
        [
            Parameters.MinHealthy,
            new ActionParameter("deleteEmptyDir", ParameterKind.Flag, "false", null, null,
                "Also evict pods with emptyDir volumes: what is in those is lost."),
        ],
        "Enough other nodes stay healthy and have room for its pods; if it is a control-plane node, all others are healthy and a majority "
            + "without it; every pod has a controller that makes another, and none of them keeps data in an emptyDir unless that is "
            + "allowed. Pods of DaemonSets, mirror pods and finished pods stay.",
        "None of those pods is left on the node (on a node that is not ready: all are being deleted), and their workloads are ready.",
        UncordonNode.Id,
        [
            new("", "nodes", ["get", "list", "patch"]), new("", "pods", ["get", "list"]), new("", "pods/eviction", ["create"]),
            new("apps", "replicasets", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "deployments", ["get"]),
            new("batch", "jobs", ["get"]),
        ])
    {
        Summary = "Cordons a node and evicts its pods, as far as budgets allow.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        var percent = request.Parameters.Number(Parameters.MinHealthy.Name);
        var budget = await NodeBudget.ObjectionAsync(tools, node, percent, stops: true, cancellationToken);
        if (budget is not null) return Proposal.Refuse(budget);
        var pods = await LeavingAsync(tools, node.Name(), cancellationToken);
        if (pods.Count > MaxPods)
        {
            return Proposal.Refuse(Workloads.Invariant($"{pods.Count} pods are on it, {MaxPods} at most are evicted"));
        }

        // What is being deleted leaves anyway, with its data.
        foreach (var pod in pods.Where(pod => !pod.IsDeleting()))
        {
            if (Objection(pod, request.Parameters.Flag("deleteEmptyDir")) is { } objection) return Proposal.Refuse(objection);
        }

        if (await NoRoomAsync(tools, node, pods, cancellationToken) is { } full) return Proposal.Refuse(full);
        var steps = new List<Effect>();
        if (!node.IsTrue("spec", "unschedulable"))
        {
            steps.Add(PatchEffect.On(
                ActionTools.AddressOf(request.Target), node, FieldChange.Of(node, true, "spec", "unschedulable")));
        }

        steps.AddRange(pods.Where(pod => !pod.IsDeleting())
            .Select(pod => new EvictEffect(pod.Text("metadata", "namespace")!, pod.Name(), pod.Uid())));
        if (steps.Count == 0) return Proposal.Refuse("it is cordoned, and no pod is left to evict");
        return Proposal.Act(Workloads.Invariant($"drains {request.Target} of {pods.Count} pods"), steps)
            .With("uids", new JsonArray([.. pods.Select(pod => (JsonNode)pod.Uid())]))
            .With("owners", new JsonArray([.. await OwnersAsync(tools, pods, cancellationToken)]));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(target, cancellationToken);
        var alive = node.HasCondition("Ready");
        var uids = image.Facts["uids"]!.AsArray().Select(uid => uid!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var left = (await LeavingAsync(tools, target.Name, cancellationToken))
            .FirstOrDefault(pod => uids.Contains(pod.Uid()) && (alive || !pod.IsDeleting()));
        if (left is not null) return EffectCheck.NotYet($"pod {left.Name()} is still there");
        foreach (var owner in image.Facts.Items("owners"))
        {
            var address = new ObjectAddress(
                owner.Text("group") ?? "", owner.Text("kind") ?? "", owner.Text("namespace"), owner.Text("name") ?? "");
            var live = await tools.ReadAsync(address, cancellationToken);
            if (live is null || live.Uid() != owner.Text("uid")) continue;
            var (ready, desired) = (Workloads.Ready(live), Math.Min(owner.Whole("ready") ?? 0, Workloads.Desired(live)));
            if (ready < desired) return EffectCheck.NotYet(Workloads.Invariant($"{address} has {ready} of {desired} replicas ready"));
        }

        return EffectCheck.Yes(Workloads.Invariant($"{uids.Count} pods have left it, and their workloads are ready"));
    }

    // Those that a drain moves: everything that runs there, but what belongs to the node.
    private static async Task<IReadOnlyList<JsonObject>> LeavingAsync(
        ActionTools tools, string node, CancellationToken cancellationToken)
    {
        var pods = await tools.ListAsync(Kinds.Pod, null, cancellationToken, fields: $"spec.nodeName={node}");
        return
        [
            .. pods.Where(pod => pod.Text("spec", "nodeName") == node && !Workloads.IsFinished(pod) && pod.Annotation(Mirror) is null
                    && pod.Controller().Text("kind") != TargetKinds.DaemonSet)
                .OrderBy(pod => pod.Text("metadata", "namespace"), StringComparer.Ordinal).ThenBy(pod =>
                    pod.Name(), StringComparer.Ordinal),
        ];
    }

    private static string? Objection(JsonObject pod, bool deleteEmptyDir)
    {
        if (pod.Controller() is null) return $"pod {pod.Name()} has no controller that would make another";
        return !deleteEmptyDir && pod.Items("spec", "volumes").Any(volume => volume["emptyDir"] is not null)
            ? $"pod {pod.Name()} keeps data in an emptyDir, which would be lost"
            : null;
    }

    private static async Task<string?> NoRoomAsync(
        ActionTools tools, JsonObject node, IReadOnlyList<JsonObject> pods, CancellationToken cancellationToken)
    {
        foreach (var alike in pods.Where(pod => !pod.IsDeleting()).GroupBy(pod => pod.Controller().Text("uid")))
        {
            var room = await Capacity.RoomForAsync(
                tools, alike.First()["spec"], alike.Count(), cancellationToken, other => other.Name() != node.Name());
            if (room < alike.Count())
            {
                return Workloads.Invariant($"other nodes have room for {room} of the {alike.Count()} pods like {alike.First().Name()}");
            }
        }

        return null;
    }

    private static async Task<IReadOnlyList<JsonNode>> OwnersAsync(
        ActionTools tools, IReadOnlyList<JsonObject> pods, CancellationToken cancellationToken)
    {
        var owners = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var pod in pods.DistinctBy(pod => pod.Controller().Text("uid")))
        {
            var top = await Workloads.TopOwnerAsync(tools, pod, cancellationToken);
            if (top.Text("kind") is not (TargetKinds.Deployment or TargetKinds.StatefulSet or TargetKinds.ReplicaSet)) continue;
            owners[top.Uid()] = new JsonObject
            {
                ["group"] = "apps", ["kind"] = top.Text("kind"), ["namespace"] = top.Text("metadata", "namespace"),
                ["name"] = top.Name(), ["uid"] = top.Uid(), ["ready"] = Workloads.Ready(top),
            };
        }

        return [.. owners.Values];
    }
}
