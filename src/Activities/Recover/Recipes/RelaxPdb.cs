using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Lets a budget give up some pods for a while, when it alone keeps an intended drain from going on. Its inverse comes by itself
/// when the drain is through. Hurts where the budget stands for a quorum: then let people approve it.
/// </summary>
internal sealed class RelaxPdb : IRecipe, IEndsWithNeed
{
    public ActionDescriptor Descriptor { get; } = new(
        "relax_pdb",
        RiskClass.R3,
        [Causes.DisruptionBudgetBlocks],
        [TargetKinds.PodDisruptionBudget],
        [
            new ActionParameter("allow", ParameterKind.Number, "1", "1", "3", "Pods that it lets go at once."),
            Parameters.TimeLimit("30m"),
        ],
        "It allows no disruption although all of its pods are healthy, there is more than one, and one of them is on a cordoned node.",
        "The budget's controller has counted again and allows disruptions, or the drain has used them.",
        "relax_pdb_undo",
        [new("policy", "poddisruptionbudgets", ["get", "patch"]), Rules.ReadPods, Rules.ReadNodes])
    {
        Summary = "Lets a PodDisruptionBudget give up some pods for a while.",
        TimeLimit = "ttl",
        EndsWithNeed = true,
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var budget = await tools.ReadAsync(request.Target, cancellationToken);
        if (budget is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(budget) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        if ((budget.Whole("status", "observedGeneration") ?? 0) < (budget.Whole("metadata", "generation") ?? 0))
        {
            return Proposal.Refuse("its controller has not seen its newest change");
        }

        if (budget.Whole("status", "disruptionsAllowed") is > 0) return Proposal.Refuse("it allows disruptions");
        var (healthy, expected) = (budget.Whole("status", "currentHealthy") ?? 0, budget.Whole("status", "expectedPods") ?? 0);
        if (healthy < expected)
        {
            return Proposal.Refuse(Workloads.Invariant($"{healthy} of its {expected} pods are healthy: it protects the rest rightly"));
        }

        var allow = request.Parameters.Number("allow");
        if (expected <= allow) return Proposal.Refuse(Workloads.Invariant($"it has {expected} pods: none would be left"));
        if (await IntentAsync(tools, budget, request.Target.Namespace, cancellationToken) is not { } node)
        {
            return Proposal.Refuse("none of its pods is on a cordoned node: no drain is intended");
        }

        var field = budget.At("spec", "maxUnavailable") is not null
            ? FieldChange.Of(budget, allow, "spec", "maxUnavailable")
            : FieldChange.Of(budget, expected - allow, "spec", "minAvailable");
        return Proposal.Act(
            $"lets {request.Target} give up {allow} of {expected} pods, for the drain of {node}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), budget, field));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var budget = await tools.ReadAsync(target, cancellationToken);
        var seen = (budget.Whole("status", "observedGeneration") ?? 0) >= (budget.Whole("metadata", "generation") ?? 0);
        if (budget is null || !seen) return EffectCheck.NotYet("its controller has not seen the change");
        var allowed = budget.Whole("status", "disruptionsAllowed") ?? 0;
        if (allowed > 0) return EffectCheck.Yes(Workloads.Invariant($"{allowed} disruptions are allowed"));

        // A drain that waited takes the allowance at once: fewer healthy pods than expected are its trace.
        return (budget.Whole("status", "currentHealthy") ?? 0) < (budget.Whole("status", "expectedPods") ?? 0)
            ? EffectCheck.Yes("the drain has used what was allowed")
            : EffectCheck.NotYet("no disruption is allowed yet");
    }

    public async Task<string?> NeedAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken) =>
        await tools.ReadAsync(target, cancellationToken) is { } budget
            && await IntentAsync(tools, budget, target.Namespace, cancellationToken) is { } node
            ? $"the drain of {node} is not through"
            : null;

    private static async Task<string?> IntentAsync(
        ActionTools tools, JsonObject budget, string ns, CancellationToken cancellationToken)
    {
        var nodes = await tools.ListAsync(Kinds.Node, null, cancellationToken);
        var cordoned = nodes.Where(node => node.IsTrue("spec", "unschedulable")).Select(node =>
            node.Name()).ToHashSet(StringComparer.Ordinal);
        var pods = await tools.ListAsync(Kinds.Pod, ns, cancellationToken, Selectors.Text(budget.At("spec", "selector")));
        return pods.Select(pod => pod.Text("spec", "nodeName")).FirstOrDefault(node => node is not null && cordoned.Contains(node));
    }
}
