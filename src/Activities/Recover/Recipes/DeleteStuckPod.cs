using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Takes a pod out of the API that is being deleted and does not go, because its node is dead. Without proof of that it refuses: the
/// containers may still run and write, and a second copy would write beside them.
/// </summary>
internal sealed class DeleteStuckPod(bool stateful) : IRecipe
{
    /// <summary>The taint by which people and fencing agents say that a node is shut down for good.</summary>
    public const string OutOfService = "node.kubernetes.io/out-of-service";

    public ActionDescriptor Descriptor { get; } = new(
        stateful ? "delete_stuck_stateful_pod" : "delete_stuck_pod",
        stateful ? RiskClass.R4 : RiskClass.R3,
        [Causes.PodStuckTerminating],
        [TargetKinds.Pod],
        [new ActionParameter("olderThan", ParameterKind.Duration, "5m", "0s", "24h",
            "How long after its grace period it must still be there.")],
        (stateful ? "It belongs to a StatefulSet, " : "It does not belong to a StatefulSet, ")
            + "it should have been gone for as long as asked, and its node is proven dead: it does not exist any more, carries the "
            + $"taint {OutOfService}, or was fenced by the healer and is still off.",
        "The pod is gone.",
        null,
        [new("", "pods", ["get", "delete"]), new("", "nodes", ["get"])])
    {
        Summary = $"Takes a pod {(stateful ? "of a StatefulSet " : "")}out of the API whose node is dead.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var pod = await tools.ReadAsync(request.Target, cancellationToken);
        if (pod is null) return Proposal.Gone(request.Target);
        if ((pod.Controller().Text("kind") == TargetKinds.StatefulSet) != stateful)
        {
            return Proposal.Refuse(stateful
                ? "it does not belong to a StatefulSet" : "it belongs to a StatefulSet: two copies could write");
        }

        if (!pod.IsDeleting()) return Proposal.Refuse("it is not being deleted");

        // The deletion timestamp has the grace period in it: it is when the pod should have been gone.
        var due = DateTimeOffset.Parse(pod.Text("metadata", "deletionTimestamp")!, CultureInfo.InvariantCulture);
        var late = tools.Time.GetUtcNow() - due;
        if (late < request.Parameters.Span("olderThan"))
        {
            return Proposal.Refuse(Workloads.Invariant($"it should have been gone for {late.TotalSeconds:0} s only"));
        }

        if (pod.At("metadata", "finalizers") is JsonArray { Count: > 0 } finalizers)
        {
            return Proposal.Refuse($"finalizer {finalizers[0]} holds it: whoever set that must let it go");
        }

        var (proof, doubt) = await ProofAsync(tools, pod, request.Target.Cluster, cancellationToken);
        return proof is null
            ? Proposal.Refuse(doubt)
            : Proposal.Act($"takes {request.Target} out of the API ({proof})",
                new DeleteEffect(ActionTools.AddressOf(request.Target), pod.Uid(), Force: true, AnyOwner: true));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var pod = await tools.ReadAsync(target, cancellationToken);
        return pod is null || pod.Uid() != ((DeleteEffect)image.Steps[0]).Uid
            ? EffectCheck.Yes("the pod is gone")
            : EffectCheck.NotYet("the pod is still there");
    }

    private static async Task<(string? Proof, string Doubt)> ProofAsync(
        ActionTools tools, JsonObject pod, string cluster, CancellationToken cancellationToken)
    {
        if (pod.Text("spec", "nodeName") is not { } name) return ("it was never on a node", "");
        var node = await tools.ReadAsync(Kinds.Node, null, name, cancellationToken);
        if (node is null) return ($"node {name} does not exist any more", "");
        if (node.HasCondition("Ready")) return (null, $"node {name} is ready: its kubelet must end the pod");
        if (node.Items("spec", "taints").Any(taint => taint.Text("key") == OutOfService))
        {
            return ($"node {name} has taint {OutOfService}", "");
        }

        var key = new TargetReference(cluster, TargetKinds.Node, "", name).Key;
        var history = await tools.Store.HistoryAsync(key, "", tools.Time.GetUtcNow() - TimeSpan.FromHours(1), cancellationToken);
        foreach (var past in history.Where(past => past.ActionId == FenceNode.Id && past.Finished))
        {
            if (await tools.Store.FindOperationAsync(past.Key, cancellationToken) is not { Status: ActionStatus.Applied }) continue;
            var doubt = await DoubtAsync(tools, name, past.Key, cancellationToken);
            return doubt is null ? ($"node {name} was fenced at {past.AppliedAt:u}, and is off", "")
                : (null, $"node {name} was fenced at {past.AppliedAt:u}, but {doubt}");
        }

        return (null, $"nothing proves that node {name} is dead: fence it, or set taint {OutOfService} on it");
    }

    // Why the newest fence of a node proves nothing any more: a node that was let in again may run what it ran.
    private static async Task<string?> DoubtAsync(ActionTools tools, string node, string fence, CancellationToken cancellationToken)
    {
        var undo = await tools.Store.FindOperationAsync($"{fence}/undo", cancellationToken);
        if (undo is { State: not OperationState.Abandoned }) return "that was undone";
        try
        {
            var state = tools.Power is { } power ? await power.ReadAsync(node, cancellationToken) : null;
            return state switch
            {
                PowerState.Off => null,
                null => "no provider says that its power is off",
                _ => $"its power is {state}",
            };
        }
        catch (NodePowerException e)
        {
            return $"its power is not known: {e.Message}";
        }
    }
}
