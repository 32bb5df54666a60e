using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Switches a node off that does not answer, so that nothing on it can still write, and marks it out of service, so that its pods and
/// volumes
/// are let go. The inverse takes the mark off and switches it on. Always for people to approve.
/// </summary>
internal sealed class FenceNode : IRecipe
{
    public const string Id = "fence_node";

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R4,
        [Causes.NodeNotReady],
        [TargetKinds.Node],
        [
            Parameters.MinHealthy,
            new ActionParameter("notReadyFor", ParameterKind.Duration, "3m", "0s", "24h", "How long the node must not have been ready."),
        ],
        "It has not been ready for as long as asked, enough other nodes are healthy (so that it is not the API that is cut off); if it is "
            + "a control-plane node, all others are healthy and a majority without it; a power provider knows it and says that it is on.",
        "The provider says that it is off, and it carries the taint " + DeleteStuckPod.OutOfService + ".",
        "power_on_node",
        [new("", "nodes", ["get", "list", "patch"])])
    {
        Summary = "Switches a node off that does not answer, and marks it out of service.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var node = await tools.ReadAsync(request.Target, cancellationToken);
        if (node is null) return Proposal.Gone(request.Target);
        if (node.HasCondition("Ready")) return Proposal.Refuse("it is ready");
        var since = node.Condition("Ready").Text("lastTransitionTime");
        if (since is null) return Proposal.Refuse("it does not say since when it is not ready");
        var lasts = tools.Time.GetUtcNow() - DateTimeOffset.Parse(since, CultureInfo.InvariantCulture);
        if (lasts < request.Parameters.Span("notReadyFor"))
        {
            return Proposal.Refuse(Workloads.Invariant($"it has not been ready for {lasts.TotalSeconds:0} s only"));
        }

        var percent = request.Parameters.Number(Parameters.MinHealthy.Name);
        var budget = await NodeBudget.ObjectionAsync(tools, node, percent, stops: true, cancellationToken);
        if (budget is not null) return Proposal.Refuse(budget);
        try
        {
            var state = tools.Power is { } power ? await power.ReadAsync(node.Name(), cancellationToken) : null;
            if (state is null) return Proposal.Refuse($"no provider has its power: see setting {FencingOptions.Section}");
            if (state != PowerState.On) return Proposal.Refuse($"its power is {state}, not On");
        }
        catch (NodePowerException e)
        {
            return Proposal.Refuse(e.Message);
        }

        var taint = new System.Text.Json.Nodes.JsonObject
        {
            ["key"] = DeleteStuckPod.OutOfService, ["value"] = "nodeshutdown", ["effect"] = "NoExecute",
        };
        var change = FieldChange.Of(node, taint, "spec", "taints", $"[key={DeleteStuckPod.OutOfService},effect=NoExecute]");
        if (change.Old is not null) return Proposal.Refuse("it is marked out of service already");
        var mark = PatchEffect.On(ActionTools.AddressOf(request.Target), node, change);

        // Who may not mark it must not switch it off either. A rehearsal is asked for the same right.
        var look = await mark.LookAsync(tools, request.Key, cancellationToken);
        var answer = await mark.WriteAsync(tools, request.Key, look, dryRun: true, cancellationToken);
        return answer.Kind == WriteKind.Refused
            ? Proposal.Refuse(answer.Detail)
            : Proposal.Act($"fences {request.Target}", new PowerEffect(node.Name(), On: false, UnlessReady: true), mark);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        if (tools.Power is null || await tools.Power.ReadAsync(target.Name, cancellationToken) != PowerState.Off)
        {
            return EffectCheck.NotYet("its power is not off");
        }

        var node = await tools.ReadAsync(target, cancellationToken);
        return node.Items("spec", "taints").Any(taint => taint.Text("key") == DeleteStuckPod.OutOfService)
            ? EffectCheck.Yes("its power is off, and it is marked out of service")
            : EffectCheck.NotYet("it is not marked out of service");
    }
}
