using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Raises the ceiling of an autoscaler that is at it and wants more, for a while. Its inverse comes by itself.</summary>
internal sealed class PatchHpaMax : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "patch_hpa_max",
        RiskClass.R2,
        [Causes.AutoscalerAtMaximum],
        [TargetKinds.HorizontalPodAutoscaler, TargetKinds.Deployment, TargetKinds.StatefulSet],
        [
            new ActionParameter("by", ParameterKind.Number, "2", "1", "10", "Replicas to add to the ceiling."),
            new ActionParameter("ceiling", ParameterKind.Number, "20", "1", "1000", "Never a higher ceiling than this."),
            Parameters.TimeLimit("4h"),
        ],
        "It runs as many replicas as its ceiling allows and reports that it wants more, quotas allow the replicas, and nodes have room.",
        "It runs more replicas than the old ceiling allowed.",
        "patch_hpa_max_undo",
        [
            new("autoscaling", "horizontalpodautoscalers", ["get", "list", "patch"]), new("apps", "deployments", ["get"]),
            new("apps", "statefulsets", ["get"]), Rules.ReadPods, Rules.ReadNodes, Rules.ReadQuotas,
        ])
    {
        Summary = "Raises the ceiling of a HorizontalPodAutoscaler for a while.",
        TimeLimit = "ttl",
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        var scaler = target.Kind == TargetKinds.HorizontalPodAutoscaler
            ? await tools.ReadAsync(target, cancellationToken)
            : await Workloads.AutoscalerAsync(tools, target.Kind, target.Namespace, target.Name, cancellationToken);
        if (scaler is null)
        {
            return target.Kind == TargetKinds.HorizontalPodAutoscaler ? Proposal.Gone(target) : Proposal.Refuse($"nothing scales {target}");
        }

        if (PatchEffect.OwnerOf(scaler) is { } owner) return Proposal.Refuse($"{scaler.Name()} belongs to {owner.Tool} ({owner.Proof})");
        var (most, current) = (scaler.Whole("spec", "maxReplicas") ?? 0, scaler.Whole("status", "currentReplicas") ?? 0);
        if (current < most) return Proposal.Refuse(Workloads.Invariant($"it runs {current} replicas and may run {most}"));
        if (!WantsMore(scaler)) return Proposal.Refuse("it does not say that it wants more than its ceiling");
        var raised = Math.Min(most + values.Number("by"), values.Number("ceiling"));
        if (raised <= most) return Proposal.Refuse(Workloads.Invariant($"its ceiling of {most} is at the bound"));

        if (await ObjectionAsync(tools, scaler, target.Namespace, raised - most, cancellationToken) is { } objection)
        {
            return Proposal.Refuse(objection);
        }

        var address = ObjectAddress.Of(Kinds.HorizontalPodAutoscaler, target.Namespace, scaler.Name());
        return Proposal.Act(
                Workloads.Invariant($"raises the ceiling of HorizontalPodAutoscaler {scaler.Name()} from {most} to {raised}"),
                PatchEffect.On(address, scaler, FieldChange.Of(scaler, raised, "spec", "maxReplicas")))
            .With("old", most);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var scaler = await tools.ReadAsync(((PatchEffect)image.Steps[0]).Address, cancellationToken);
        var (old, current) = (image.Facts.Whole("old") ?? 0, scaler.Whole("status", "currentReplicas") ?? 0);
        return current > old
            ? EffectCheck.Yes(Workloads.Invariant($"{current} replicas run, more than the old ceiling of {old}"))
            : EffectCheck.NotYet(Workloads.Invariant($"{current} replicas run, the old ceiling was {old}"));
    }

    // Its own controller says so: it was held at the ceiling.
    private static bool WantsMore(JsonObject scaler) =>
        scaler.Condition("ScalingLimited") is { } limited && limited.Text("status") == "True"
        && limited.Text("reason") == "TooManyReplicas";

    private static async Task<string?> ObjectionAsync(
        ActionTools tools, JsonObject scaler, string ns, int more, CancellationToken cancellationToken)
    {
        var kind = scaler.Text("spec", "scaleTargetRef", "kind") ?? "";
        if (kind is not (TargetKinds.Deployment or TargetKinds.StatefulSet)) return $"it scales a {kind}, whose pods are not known here";
        var workload = await tools.ReadAsync(
            new ObjectAddress("apps", kind, ns, scaler.Text("spec", "scaleTargetRef", "name") ?? ""), cancellationToken);
        if (workload is null) return $"the {kind} that it scales does not exist";
        var spec = workload.At("spec", "template", "spec");
        if (await Capacity.QuotaObjectionAsync(tools, ns, Capacity.Of(spec, more), cancellationToken) is { } quota) return quota;
        var room = await Capacity.RoomForAsync(tools, spec, more, cancellationToken);
        return room >= more ? null : Workloads.Invariant($"the nodes have room for {room} more pods, {more} are wanted");
    }
}
