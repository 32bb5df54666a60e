using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Gives a replica of a StatefulSet a new claim in the place of one whose volume is lost: from a snapshot that is named, or empty where
/// somebody has accepted the loss. The StatefulSet's own controller makes the pod. Always for people to approve.
/// </summary>
internal sealed class RecreateClaim : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "recreate_pvc_statefulset",
        RiskClass.R4,
        [Causes.VolumeLost],
        [TargetKinds.PersistentVolumeClaim],
        [
            new ActionParameter("snapshot", ParameterKind.Text, "", null, null,
                "The VolumeSnapshot that the new volume is made from. With one, the StatefulSet is scaled down to this replica for a "
                    + "moment: those of higher numbers restart."),
            new ActionParameter("dataLossAccepted", ParameterKind.Flag, "false", null, null,
                "The new volume may be empty. Refused while a snapshot of the claim is ready to use."),
        ],
        "The claim is Lost, or its PersistentVolume does not exist any more; it is that of a replica of a StatefulSet, whose pod is not "
            + "ready; and a snapshot of it is named that is ready to use, or the loss is accepted and there is no such snapshot.",
        "The new claim is bound, and the replica's pod is ready.",
        null,
        [
            new("", "persistentvolumeclaims", ["get", "create", "delete"]), new("", "persistentvolumes", ["get"]),
            new("", "pods", ["get", "delete"]), new("apps", "statefulsets", ["get", "list", "patch"]), Rules.ReadAutoscalers,
            new("snapshot.storage.k8s.io", "volumesnapshots", ["get", "list"]),
        ])
    {
        // No tool keeps the claims of replicas: their StatefulSet makes them. That one is asked where it is to be scaled.
        ForOwned = true,
        Summary = "Gives a replica of a StatefulSet a new claim where the volume is lost.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        parameters["snapshot"].Length == 0 && !parameters.Flag("dataLossAccepted")
            ? "nothing says what becomes of the data: name a snapshot, or accept the loss" : null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        var claim = await tools.ReadAsync(target, cancellationToken);
        if (claim is null) return Proposal.Gone(target);
        if (await NotLostAsync(tools, claim, cancellationToken) is { } well) return Proposal.Refuse(well);
        if (await ReplicaAsync(tools, claim, cancellationToken) is not var (set, template, ordinal))
        {
            return Proposal.Refuse("it is not the claim of a replica of a StatefulSet");
        }

        var pod = await tools.ReadAsync(
            Kinds.Pod, target.Namespace, Workloads.Invariant($"{set.Name()}-{ordinal}"), cancellationToken);
        if (pod is not null && Workloads.IsReady(pod)) return Proposal.Refuse($"pod {pod.Name()} is ready: what it uses works");
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = Labels(set, template) }, ["spec"] = template.At("spec")?.DeepClone(),
        };
        var (snapshot, objection) = await SnapshotAsync(tools, claim, values, cancellationToken);
        if (objection is not null) return Proposal.Refuse(objection);
        if (snapshot is null)
        {
            var empty = new ClaimReplacementEffect(ActionTools.AddressOf(target), claim.Uid(), body, AnyMaker: true);
            IReadOnlyList<Effect> steps = pod is null ? [empty]
                : [new DeleteEffect(ObjectAddress.Of(Kinds.Pod, target.Namespace, pod.Name()), pod.Uid(), AnyOwner: true), empty];
            return Done(Proposal.Act($"gives {set.Name()}-{ordinal} an empty volume in the place of the lost one", steps));
        }

        if (await HeldAsync(tools, set, cancellationToken) is { } held) return Proposal.Refuse(held);
        From(body, snapshot);
        return Done(Proposal.Act(
            $"gives {set.Name()}-{ordinal} a volume from VolumeSnapshot {snapshot.Name()} in the place of the lost one",
            Scaled(set, ordinal, new ClaimReplacementEffect(ActionTools.AddressOf(target), claim.Uid(), body, AnyMaker: false))));

        Proposal Done(Proposal proposal) => proposal.With("pod", Workloads.Invariant($"{set.Name()}-{ordinal}")).With("uid", claim.Uid());
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var claim = await tools.ReadAsync(target, cancellationToken);
        if (claim is null || claim.Uid() == image.Facts.Text("uid")) return EffectCheck.NotYet("the new claim is not there");
        if (claim.Text("status", "phase") != "Bound") return EffectCheck.NotYet("the new claim is not bound");
        var pod = await tools.ReadAsync(Kinds.Pod, target.Namespace, image.Facts.Text("pod") ?? "none", cancellationToken);
        return pod is not null && Workloads.IsReady(pod)
            ? EffectCheck.Yes($"the new claim is bound, and pod {pod.Name()} is ready")
            : EffectCheck.NotYet($"pod {image.Facts.Text("pod")} is not ready");
    }

    private static async Task<string?> NotLostAsync(ActionTools tools, JsonObject claim, CancellationToken cancellationToken)
    {
        if (claim.Text("status", "phase") == "Lost") return null;
        if (claim.Text("spec", "volumeName") is not { Length: > 0 } volume) return "no volume was ever bound to it";
        return await tools.ReadAsync(Kinds.PersistentVolume, null, volume, cancellationToken) is null
            ? null : $"its PersistentVolume {volume} is there: what is wrong with it is for people to see";
    }

    // Which replica of which StatefulSet the claim is of: template-set-number.
    private static async Task<(JsonObject Set, JsonObject Template, int Ordinal)?> ReplicaAsync(
        ActionTools tools, JsonObject claim, CancellationToken cancellationToken)
    {
        var name = claim.Name();
        var dash = name.LastIndexOf('-');
        if (dash < 0 || !int.TryParse(name[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)) return null;
        foreach (var set in await tools.ListAsync(Kinds.StatefulSet, claim.Text("metadata", "namespace"), cancellationToken))
        {
            var template = set.Items("spec", "volumeClaimTemplates").FirstOrDefault(item => $"{item.Name()}-{set.Name()}" == name[..dash]);
            var above = ordinal - First(set);
            if (template is not null && above >= 0 && above < Workloads.Desired(set)) return (set, template, ordinal);
        }

        return null;
    }

    private static async Task<(JsonObject? Snapshot, string? Objection)> SnapshotAsync(
        ActionTools tools, JsonObject claim, IReadOnlyDictionary<string, string> values, CancellationToken cancellationToken)
    {
        var ns = claim.Text("metadata", "namespace");
        if (values.Given("snapshot") is { } name)
        {
            var named = await tools.ReadAsync(Kinds.VolumeSnapshot, ns, name, cancellationToken);
            if (named is null) return (null, $"VolumeSnapshot {name} does not exist");
            if (named.Text("spec", "source", "persistentVolumeClaimName") != claim.Name())
            {
                return (null, $"VolumeSnapshot {name} is of another claim");
            }

            return named.IsTrue("status", "readyToUse") ? (named, null) : (null, $"VolumeSnapshot {name} is not ready to use");
        }

        if (!values.Flag("dataLossAccepted")) return (null, "nothing says what becomes of the data: name a snapshot, or accept the loss");
        var kept = (await tools.ListAsync(Kinds.VolumeSnapshot, ns, cancellationToken)).FirstOrDefault(item =>
            item.Text("spec", "source", "persistentVolumeClaimName") == claim.Name() && item.IsTrue("status", "readyToUse"));
        return (null, kept is null ? null : $"VolumeSnapshot {kept.Name()} of it is ready to use: name it, and no data need be lost");
    }

    // Why the StatefulSet cannot be scaled down for a moment.
    private static async Task<string?> HeldAsync(ActionTools tools, JsonObject set, CancellationToken cancellationToken)
    {
        if (PatchEffect.OwnerOf(set) is { Tool: not "Helm" } owner)
        {
            return $"StatefulSet {set.Name()} belongs to {owner.Tool} ({owner.Proof}), which would scale it up meanwhile";
        }

        if (set.Text("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled") == "Delete")
        {
            return $"StatefulSet {set.Name()} deletes the claims of replicas that it is scaled down by";
        }

        var scaler = await Workloads.AutoscalerAsync(
            tools, TargetKinds.StatefulSet, set.Text("metadata", "namespace")!, set.Name(), cancellationToken);
        return scaler is null ? null : $"HorizontalPodAutoscaler {scaler.Name()} scales StatefulSet {set.Name()}";
    }

    private static IReadOnlyList<Effect> Scaled(JsonObject set, int ordinal, Effect replacement)
    {
        var address = ObjectAddress.Of(Kinds.StatefulSet, set.Text("metadata", "namespace"), set.Name());
        var left = ordinal - First(set);
        var down = FieldChange.Of(set, left, "spec", "replicas");
        var up = new FieldChange(down.Path, left, Workloads.Desired(set));
        return
        [
            new PassingPatchEffect(new PatchEffect(address, set.Uid(), [down], AnyOwner: true)), replacement,
            new PatchEffect(address, set.Uid(), [up], AnyOwner: true),
        ];
    }

    // Replicas are counted from 0, unless the set says otherwise.
    private static int First(JsonObject set) => set.Whole("spec", "ordinals", "start") ?? 0;

    private static void From(JsonObject body, JsonObject snapshot)
    {
        var spec = body["spec"]!.AsObject();
        spec["dataSource"] = new JsonObject
        {
            ["apiGroup"] = Kinds.VolumeSnapshot.Group, ["kind"] = Kinds.VolumeSnapshot.Kind, ["name"] = snapshot.Name(),
        };
        var asked = Amounts.Parse(spec.Scalar("resources", "requests", "storage"));
        var needs = snapshot.Scalar("status", "restoreSize");
        if (Amounts.Parse(needs) > asked) spec["resources"]!["requests"]!["storage"] = needs;
    }

    private static JsonObject Labels(JsonObject set, JsonObject template)
    {
        var labels = new JsonObject();
        foreach (var (key, value) in set.Texts("spec", "selector", "matchLabels").Concat(template.Texts("metadata", "labels")))
        {
            labels[key] = value;
        }

        return labels;
    }
}
