using Heal.Healing;

namespace Heal.Activities;

/// <summary>Changes the number of replicas of a workload that no autoscaler owns, within bounds, as far as there is room.</summary>
internal sealed class ScaleWorkload : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "scale_workload",
        RiskClass.R2,
        [Causes.LoadTooHigh],
        [TargetKinds.Deployment, TargetKinds.StatefulSet],
        [
            new ActionParameter("by", ParameterKind.Number, "1", "-10", "10", "Replicas to add; a negative number takes some away."),
            new ActionParameter("minimum", ParameterKind.Number, "1", "1", "1000", "Never fewer replicas than this."),
            new ActionParameter("maximum", ParameterKind.Number, "10", "1", "1000", "Never more replicas than this."),
        ],
        "No autoscaler scales it, nobody else manages it, quotas allow the replicas, and nodes have room for them.",
        "As many replicas as wanted are ready.",
        "scale_workload_undo",
        [
            .. Rules.ChangeWorkloads("deployments", "statefulsets"), Rules.ReadAutoscalers, Rules.ReadPods, Rules.ReadNodes,
            Rules.ReadQuotas,
        ])
    {
        Summary = "Adds or takes away replicas of a workload.",
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => evidence.Workload switch
    {
        { Owner: { } owner } => $"it belongs to {owner.Tool} ({owner.Proof})",
        { DesiredReplicas: 0 } => "it is scaled to zero, which is somebody's intent",
        _ => null,
    };

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(live) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}): scale it there");
        var replicas = Workloads.Desired(live);
        if (replicas == 0) return Proposal.Refuse("it is scaled to zero, which is somebody's intent");
        if (await Workloads.AutoscalerAsync(tools, target.Kind, target.Namespace, target.Name, cancellationToken) is { } scaler)
        {
            return Proposal.Refuse($"HorizontalPodAutoscaler {scaler.Name()} scales it");
        }

        var wanted = Math.Clamp(replicas + values.Number("by"), values.Number("minimum"), values.Number("maximum"));
        if (wanted == replicas) return Proposal.Refuse(Workloads.Invariant($"its {replicas} replicas are at the bound"));
        if ((wanted > replicas) != (values.Number("by") > 0))
        {
            return Proposal.Refuse(Workloads.Invariant($"its {replicas} replicas are outside of the bounds already"));
        }

        if (wanted > replicas && await ObjectionAsync() is { } objection) return Proposal.Refuse(objection);
        return Proposal.Act(Workloads.Invariant($"scales {target} from {replicas} to {wanted}"),
                PatchEffect.On(ActionTools.AddressOf(target), live, FieldChange.Of(live, wanted, "spec", "replicas")))
            .With("replicas", wanted);

        async Task<string?> ObjectionAsync()
        {
            var (spec, more) = (live.At("spec", "template", "spec"), wanted - replicas);
            if (await Capacity.QuotaObjectionAsync(tools, target.Namespace, Capacity.Of(spec, more), cancellationToken) is { } quota)
            {
                return quota;
            }

            var room = await Capacity.RoomForAsync(tools, spec, more, cancellationToken);
            return room >= more ? null : Workloads.Invariant($"the nodes have room for {room} more pods, {more} are wanted");
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        var (wanted, ready) = (image.Facts.Whole("replicas") ?? 0, live is null ? 0 : Workloads.Ready(live));
        var seen = (live.Whole("status", "observedGeneration") ?? 0) >= (live.Whole("metadata", "generation") ?? 0);
        return seen && ready >= wanted && (live.Whole("status", "replicas") ?? 0) == wanted
            ? EffectCheck.Yes(Workloads.Invariant($"{ready} replicas are ready"))
            : EffectCheck.NotYet(Workloads.Invariant($"{ready} of {wanted} replicas are ready"));
    }
}
