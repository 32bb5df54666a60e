using Heal.Healing;

namespace Heal.Activities;

/// <summary>Keeps new pods off a node, as far as the budget of nodes allows.</summary>
internal sealed class CordonNode : IRecipe
{
    public const string Id = "cordon_node";

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R2,
        [Causes.NodeNotReady],
        [TargetKinds.Node],
        [Parameters.MinHealthy],
        "It is schedulable, enough other nodes stay healthy, and no other control-plane node is out of service if it is one.",
        "The node is unschedulable.",
        UncordonNode.Id,
        [new("", "nodes", ["get", "list", "patch"])])
    {
        Summary = "Keeps new pods off a node.",
        LeavesFault = true,
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        if (node.IsTrue("spec", "unschedulable")) return Proposal.Refuse("it is cordoned already");
        var percent = request.Parameters.Number(Parameters.MinHealthy.Name);
        var budget = await NodeBudget.ObjectionAsync(tools, node, percent, stops: false, cancellationToken);
        if (budget is not null) return Proposal.Refuse(budget);
        return Proposal.Act($"cordons {request.Target}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), node, FieldChange.Of(node, true, "spec", "unschedulable")));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        (await tools.ReadAsync(target, cancellationToken)).IsTrue("spec", "unschedulable")
            ? EffectCheck.Yes("it is unschedulable")
            : EffectCheck.NotYet("it is schedulable");
}

/// <summary>Lets new pods on a node again that the healer took out of service and that is well.</summary>
internal sealed class UncordonNode : IRecipe
{
    public const string Id = "uncordon_node";

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R2,
        [Causes.NodeLeftCordoned],
        [TargetKinds.Node],
        [new ActionParameter("anyones", ParameterKind.Flag, "false", null, null,
            "Also when it was not the healer that cordoned the node: somebody's maintenance may be under way.")],
        "It is cordoned, by the healer, and ready.",
        "The node is schedulable.",
        CordonNode.Id,
        [new("", "nodes", ["get", "patch"])])
    {
        Summary = "Lets new pods on a node again.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        if (!node.IsTrue("spec", "unschedulable")) return Proposal.Refuse("it is not cordoned");
        if (!node.HasCondition("Ready")) return Proposal.Refuse("it is not ready");
        if (!request.Parameters.Flag("anyones") && !await IsOursAsync())
        {
            return Proposal.Refuse("it was not the healer that cordoned it: somebody's intent");
        }

        return Proposal.Act($"uncordons {request.Target}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), node, FieldChange.Of(node, null, "spec", "unschedulable")));

        async Task<bool> IsOursAsync()
        {
            if (node.Annotation(KubernetesNames.Operation) is not { } key) return false;
            return await tools.Store.FindOperationAsync(key, cancellationToken)
                is { ActionId: CordonNode.Id or DrainNode.Id, State: not OperationState.Abandoned };
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        (await tools.ReadAsync(target, cancellationToken)).IsTrue("spec", "unschedulable")
            ? EffectCheck.NotYet("it is unschedulable")
            : EffectCheck.Yes("it is schedulable");
}
