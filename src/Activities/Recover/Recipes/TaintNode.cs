using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Keeps pods off a node by a taint, for a while; those that tolerate it may stay. Its inverse comes by itself.</summary>
internal sealed class TaintNode : IRecipe
{
    public const string Id = "taint_node";

    public static readonly ActionParameter Key = new(
        "key", ParameterKind.Text, "heal.internal/suspect", null, null, "The taint's key. Those of Kubernetes itself are refused.");

    public static readonly ActionParameter Effect = new(
        "effect", ParameterKind.Text, "NoSchedule", null, null, "NoSchedule or PreferNoSchedule. NoExecute is a drain: use that.");

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R2,
        [Causes.NodeNotReady],
        [TargetKinds.Node],
        [
            Key, new ActionParameter("value", ParameterKind.Text, "true", null, null, "The taint's value."), Effect, Parameters.MinHealthy,
            Parameters.TimeLimit("2h"),
        ],
        "It does not have the taint, enough other nodes stay healthy, and the taint is none of Kubernetes' own.",
        "The node has the taint.",
        UntaintNode.Id,
        [new("", "nodes", ["get", "list", "patch"])])
    {
        Summary = "Keeps pods off a node by a taint, for a while.",
        LeavesFault = true,
        TimeLimit = "ttl",
    };

    /// <summary>Why a taint is none of ours; null when it may be handled here.</summary>
    public static string? Objection(string key, string effect)
    {
        if (effect is not ("NoSchedule" or "PreferNoSchedule"))
        {
            return $"effect: expected NoSchedule or PreferNoSchedule, got '{SafeText.Line(effect, 40)}'";
        }

        if (key.Split('/')[0] is var domain && (domain is "kubernetes.io" or "k8s.io"
            || domain.EndsWith(".kubernetes.io", StringComparison.Ordinal) || domain.EndsWith(".k8s.io", StringComparison.Ordinal)))
        {
            return $"taint '{key}' is kept by Kubernetes itself";
        }

        return key.Length == 0 || key.IndexOfAny(['[', ']', ',', '=']) >= 0
            ? $"key: expected a label key, got '{SafeText.Line(key, 40)}'" : null;
    }

    public static FieldChange Change(JsonObject node, string key, string effect, JsonObject? taint) =>
        FieldChange.Of(node, taint, "spec", "taints", $"[key={key},effect={effect}]");

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        Objection(parameters[Key.Name], parameters[Effect.Name]);

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (key, effect) = (request.Parameters[Key.Name], request.Parameters[Effect.Name]);
        if (Objection(key, effect) is { } wrong) return Proposal.Refuse(wrong);
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        var taint = new JsonObject { ["key"] = key, ["value"] = request.Parameters["value"], ["effect"] = effect };
        var change = Change(node, key, effect, taint);
        if (change.Old is not null) return Proposal.Refuse($"it has taint '{key}' already");
        var percent = request.Parameters.Number(Parameters.MinHealthy.Name);
        var budget = await NodeBudget.ObjectionAsync(tools, node, percent, stops: false, cancellationToken);
        if (budget is not null) return Proposal.Refuse(budget);
        return Proposal.Act($"taints {request.Target} with {key}:{effect}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), node, change));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(target, cancellationToken);
        return node is not null && ((PatchEffect)image.Steps[0]).Fields[0].IsNew(node)
            ? EffectCheck.Yes("it has the taint")
            : EffectCheck.NotYet("it does not have the taint");
    }
}

/// <summary>Takes a taint off a node. Whoever put it there may have meant it: outside of what the healer set, let people approve.</summary>
internal sealed class UntaintNode : IRecipe
{
    public const string Id = "untaint_node";

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R2,
        [Causes.NodeTainted],
        [TargetKinds.Node],
        [TaintNode.Key, TaintNode.Effect],
        "It has the taint, is ready, and the taint is none of Kubernetes' own.",
        "The node does not have the taint.",
        TaintNode.Id,
        [new("", "nodes", ["get", "patch"])])
    {
        Summary = "Takes a taint off a node.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        TaintNode.Objection(parameters[TaintNode.Key.Name], parameters[TaintNode.Effect.Name]);

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (key, effect) = (request.Parameters[TaintNode.Key.Name], request.Parameters[TaintNode.Effect.Name]);
        if (TaintNode.Objection(key, effect) is { } wrong) return Proposal.Refuse(wrong);
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        if (!node.HasCondition("Ready")) return Proposal.Refuse("it is not ready");
        var change = TaintNode.Change(node, key, effect, null);
        return change.Old is null
            ? Proposal.Refuse($"it has no taint '{key}' with effect {effect}")
            : Proposal.Act($"takes taint {key}:{effect} off {request.Target}",
                PatchEffect.On(ActionTools.AddressOf(request.Target), node, change));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(target, cancellationToken);
        return node is not null && ((PatchEffect)image.Steps[0]).Fields[0].IsNew(node)
            ? EffectCheck.Yes("the taint is off")
            : EffectCheck.NotYet("it still has the taint");
    }
}
