using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Lets an intended drain go on that a budget alone keeps from it: with one more replica where that is possible and enough, else by
/// letting the budget give up some pods for a while. Its inverse takes both back, and comes by itself when the drain is through. Hurts
/// where the budget stands for a quorum: then let people approve it.
/// </summary>
internal sealed class RelaxPdb : IRecipe, IEndsWithNeed
{
    private const string ExtraReplica = "extraReplica";

    public bool UndoesApart => true;

    public ActionDescriptor Descriptor { get; } = new(
        "relax_pdb",
        RiskClass.R3,
        [Causes.DisruptionBudgetBlocks],
        [TargetKinds.PodDisruptionBudget],
        [
            new ActionParameter("allow", ParameterKind.Number, "1", "1", "3", "Pods that it lets go at once."),
            new ActionParameter(ExtraReplica, ParameterKind.Flag, "true", null, null,
                "First give the Deployment a replica more, and relax the budget only if that is not enough. Not done where an autoscaler "
                    + "or another tool says how many there are, where an incident of the Deployment is open, or where quotas or nodes have "
                    + "no room. A StatefulSet gets none: that would be a new member, with a claim of its own."),
            Parameters.TimeLimit("30m"),
        ],
        "It allows no disruption although all of its pods are healthy, there is more than one, and one of them is on a cordoned node.",
        "The budget's controller has counted again and allows disruptions, or the drain has used them. An added replica has 2 minutes to "
            + "be ready before the budget is relaxed.",
        "relax_pdb_undo",
        [
            new("policy", "poddisruptionbudgets", ["get", "patch"]), Rules.ReadPods, Rules.ReadNodes,
            .. Rules.ChangeWorkloads("deployments"), new("apps", "statefulsets", ["get"]), new("apps", "replicasets", ["get"]),
            Rules.ReadAutoscalers, Rules.ReadQuotas,
        ])
    {
        Summary = "Adds a replica for a drain, or lets a PodDisruptionBudget give up some pods, for a while.",
        TimeLimit = "ttl",
        EndsWithNeed = true,
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var budget = await tools.ReadAsync(request.Target, cancellationToken);
        if (budget is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(budget) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        if (!RelaxationEffect.IsCounted(budget)) return Proposal.Refuse("its controller has not seen its newest change");
        if (budget.Whole("status", "disruptionsAllowed") is > 0) return Proposal.Refuse("it allows disruptions");
        var (healthy, expected) = (budget.Whole("status", "currentHealthy") ?? 0, budget.Whole("status", "expectedPods") ?? 0);
        if (healthy < expected)
        {
            return Proposal.Refuse(Workloads.Invariant($"{healthy} of its {expected} pods are healthy: it protects the rest rightly"));
        }

        var allow = request.Parameters.Number("allow");
        if (expected <= allow) return Proposal.Refuse(Workloads.Invariant($"it has {expected} pods: none would be left"));
        var pods = await PodsAsync(tools, budget, request.Target.Namespace, cancellationToken);
        if (await IntentAsync(tools, pods, cancellationToken) is not { } node)
        {
            return Proposal.Refuse("none of its pods is on a cordoned node: no drain is intended");
        }

        var field = budget.At("spec", "maxUnavailable") is not null
            ? FieldChange.Of(budget, allow, "spec", "maxUnavailable")
            : FieldChange.Of(budget, expected - allow, "spec", "minAvailable");
        var relaxation = PatchEffect.On(ActionTools.AddressOf(request.Target), budget, field);
        var (workload, why) = request.Parameters.Flag(ExtraReplica)
            ? await ExtraAsync(tools, request, budget, pods, cancellationToken) : (null, "that is not wanted");
        if (workload is null)
        {
            return Proposal.Act(
                $"lets {request.Target} give up {allow} of {expected} pods, for the drain of {node} (no replica is added first: {why})",
                relaxation);
        }

        var more = Workloads.Desired(workload) + 1;
        var address = new ObjectAddress("apps", workload.Text("kind")!, request.Target.Namespace, workload.Name());
        return Proposal.Act(
            $"gives {address} replica {more} for the drain of {node}, and lets {request.Target} give up {allow} of {expected} pods if that "
                + "is not enough",
            PatchEffect.On(address, workload, FieldChange.Of(workload, more, "spec", "replicas")),
            new RelaxationEffect(relaxation, address, more));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var budget = await tools.ReadAsync(target, cancellationToken);
        if (budget is null || !RelaxationEffect.IsCounted(budget)) return EffectCheck.NotYet("its controller has not seen the change");
        var how = image.Steps[^1] is not RelaxationEffect last ? ""
            : last.Change.Fields.All(field => field.IsNew(budget)) ? ": the added replica was not enough"
            : ", by the added replica; the budget is as it was";
        var allowed = budget.Whole("status", "disruptionsAllowed") ?? 0;
        if (allowed > 0) return EffectCheck.Yes(Workloads.Invariant($"{allowed} disruptions are allowed{how}"));

        // A drain that waited takes the allowance at once: fewer healthy pods than expected are its trace.
        return (budget.Whole("status", "currentHealthy") ?? 0) < (budget.Whole("status", "expectedPods") ?? 0)
            ? EffectCheck.Yes($"the drain has used what was allowed{how}")
            : EffectCheck.NotYet("no disruption is allowed yet");
    }

    public async Task<string?> NeedAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken)
    {
        if (await tools.ReadAsync(target, cancellationToken) is not { } budget) return null;
        var pods = await PodsAsync(tools, budget, target.Namespace, cancellationToken);
        if (await IntentAsync(tools, pods, cancellationToken) is { } node) return $"the drain of {node} is not through";

        // The evicted ones have to be ready elsewhere before a replica is taken away.
        var (healthy, expected) = (budget.Whole("status", "currentHealthy") ?? 0, budget.Whole("status", "expectedPods") ?? 0);
        return healthy < expected ? Workloads.Invariant($"{healthy} of {expected} pods are healthy") : null;
    }

    private static Task<IReadOnlyList<JsonObject>> PodsAsync(
        ActionTools tools, JsonObject budget, string ns, CancellationToken cancellationToken) =>
        tools.ListAsync(Kinds.Pod, ns, cancellationToken, Selectors.Text(budget.At("spec", "selector")));

    private static async Task<string?> IntentAsync(
        ActionTools tools, IReadOnlyList<JsonObject> pods, CancellationToken cancellationToken)
    {
        var nodes = await tools.ListAsync(Kinds.Node, null, cancellationToken);
        var cordoned = nodes.Where(node => node.IsTrue("spec", "unschedulable")).Select(node =>
            node.Name()).ToHashSet(StringComparer.Ordinal);
        return pods.Select(pod => pod.Text("spec", "nodeName")).FirstOrDefault(node => node is not null && cordoned.Contains(node));
    }

    // The workload that may have one more replica, which would let the budget give up one; null, and why not.
    private static async Task<(JsonObject? Workload, string Why)> ExtraAsync(
        ActionTools tools, ActionRequest request, JsonObject budget, IReadOnlyList<JsonObject> pods, CancellationToken cancellationToken)
    {
        if (!Helps(budget)) return (null, "the budget would ask for that one too");
        pods = [.. pods.Where(pod => !Workloads.IsFinished(pod))];
        JsonObject? workload = null;
        foreach (var alike in pods.DistinctBy(pod => pod.Controller().Text("uid")))
        {
            var top = await Workloads.TopOwnerAsync(tools, alike, cancellationToken);
            if (workload is not null && top.Uid() != workload.Uid()) return (null, "its pods are of several workloads");
            workload = top;
        }

        if (workload?.Text("kind") == TargetKinds.StatefulSet)
        {
            return (null, $"a replica more of StatefulSet {workload.Name()} would be a new member, with a claim of its own");
        }

        if (workload?.Text("kind") != TargetKinds.Deployment) return (null, "its pods are of no Deployment");
        if (await HeldAsync(tools, request, workload, cancellationToken) is { } held) return (null, held);
        var ns = workload.Text("metadata", "namespace")!;
        if (PatchEffect.OwnerOf(workload) is { } owner) return (null, $"{workload.Name()} belongs to {owner.Tool} ({owner.Proof})");
        if (Workloads.Unfinished(workload) is { } unfinished) return (null, unfinished);
        if (Workloads.Desired(workload) != pods.Count) return (null, "the budget is not for all pods of its workload, or for more");
        if (await Workloads.AutoscalerAsync(tools, TargetKinds.Deployment, ns, workload.Name(), cancellationToken) is { } scaler)
        {
            return (null, $"HorizontalPodAutoscaler {scaler.Name()} scales it");
        }

        var spec = workload.At("spec", "template", "spec");
        if (await Capacity.QuotaObjectionAsync(tools, ns, Capacity.Of(spec, 1), cancellationToken) is { } quota) return (null, quota);
        return await Capacity.RoomForAsync(tools, spec, 1, cancellationToken) > 0 ? (workload, "") : (null, "no node has room for it");
    }

    // Whoever works on the workload takes a change of it for somebody else's, and ends.
    private static async Task<string?> HeldAsync(
        ActionTools tools, ActionRequest request, JsonObject workload, CancellationToken cancellationToken)
    {
        if (tools.Ports.Incidents is not { } incidents) return "who works on its workload cannot be seen here";
        var target = request.Target with { Kind = TargetKinds.Deployment, Name = workload.Name() };
        if (await incidents.LatestAsync(target, cancellationToken) is { ClosedAt: null } open)
        {
            return $"incident {open.Id} of {target} is open";
        }

        return workload.Annotation(KubernetesNames.Operation) is { } mark
            && await tools.Store.FindOperationAsync(mark, cancellationToken) is { State: OperationState.Intended } row
            ? $"operation {row.Key} on {target} is under way" : null;
    }

    // Of a budget that allows nothing while all of its pods are healthy. One that says how many may be missing allows none however many
    // there are; a share of the pods is rounded up.
    private static bool Helps(JsonObject budget)
    {
        var more = (budget.Whole("status", "expectedPods") ?? 0) + 1;
        if (budget.Whole("spec", "minAvailable") is { } least) return least < more;
        return budget.Text("spec", "minAvailable") is { } share && share.EndsWith('%')
            && decimal.TryParse(share[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            && Math.Ceiling(percent * more / 100) < more;
    }
}
