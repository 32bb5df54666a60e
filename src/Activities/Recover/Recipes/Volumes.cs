using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Makes a volume bigger. Nothing makes it smaller again.</summary>
internal sealed class ExpandPvc : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "expand_pvc",
        RiskClass.R3,
        [Causes.VolumeFilling],
        [TargetKinds.PersistentVolumeClaim],
        [
            new ActionParameter("percent", ParameterKind.Number, "150", "110", "200", "The new size in percent of the old one."),
            new ActionParameter("cap", ParameterKind.Quantity, "500Gi", "1Gi", "64Ti", "Never a bigger volume than this."),
        ],
        "It is bound, its StorageClass allows expansion, no expansion is under way, and quotas allow the size.",
        "The claim reports the new capacity.",
        null,
        [new("", "persistentvolumeclaims", ["get", "patch"]), new("storage.k8s.io", "storageclasses", ["get"]), Rules.ReadQuotas])
    {
        Summary = "Makes a volume bigger.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var claim = await tools.ReadAsync(request.Target, cancellationToken);
        if (claim is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(claim) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        if (claim.Text("status", "phase") != "Bound") return Proposal.Refuse($"it is {claim.Text("status", "phase")}, not Bound");
        if (claim.Text("spec", "storageClassName") is not { Length: > 0 } name) return Proposal.Refuse("it has no StorageClass");
        var storage = await tools.ReadAsync(Kinds.StorageClass, null, name, cancellationToken);
        if (!storage.IsTrue("allowVolumeExpansion")) return Proposal.Refuse($"StorageClass {name} does not allow expansion");

        var text = claim.Scalar("spec", "resources", "requests", "storage");
        var (asked, has) = (Amounts.Parse(text), Amounts.Parse(claim.Scalar("status", "capacity", "storage")));
        if (asked is not { } old || has is null) return Proposal.Refuse("its size is not known");
        if (has < asked) return Proposal.Refuse("an expansion is under way");
        var bigger = Math.Min(old * request.Parameters.Number("percent") / 100, request.Parameters.Amount("cap"));
        if (bigger <= old) return Proposal.Refuse($"it has its cap of {request.Parameters["cap"]} already");
        var more = new Dictionary<string, decimal> { ["requests.storage"] = bigger - old };
        if (await Capacity.QuotaObjectionAsync(tools, request.Target.Namespace, more, cancellationToken) is { } quota)
        {
            return Proposal.Refuse(quota);
        }

        return Proposal.Act($"expands {request.Target} from {text} to {Amounts.Bytes(bigger)}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), claim,
                FieldChange.Of(claim, Amounts.Bytes(bigger), "spec", "resources", "requests", "storage")));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var claim = await tools.ReadAsync(target, cancellationToken);
        var wanted = Amounts.Parse(((PatchEffect)image.Steps[0]).Fields[0].New.Scalar());
        var has = claim.Scalar("status", "capacity", "storage");
        if (Amounts.Parse(has) >= wanted) return EffectCheck.Yes($"its capacity is {has}");
        if (claim.Text("status", "allocatedResourceStatuses", "storage") is { } state
            && state.EndsWith("Infeasible", StringComparison.Ordinal))
        {
            return EffectCheck.NotYet($"its driver cannot make it that big: {state}");
        }

        return EffectCheck.NotYet(claim.HasCondition("FileSystemResizePending")
            ? "the file system grows when a pod mounts it again" : $"its capacity is {has} still");
    }
}

/// <summary>Takes a snapshot of a volume, before something riskier is tried. Its inverse deletes the snapshot.</summary>
internal sealed class SnapshotPvc : IRecipe
{
    private const int HashBytes = 4;

    public ActionDescriptor Descriptor { get; } = new(
        "snapshot_pvc",
        RiskClass.R1,
        [Causes.VolumeFilling],
        [TargetKinds.PersistentVolumeClaim],
        [new ActionParameter("class", ParameterKind.Text, "", null, null,
            "The VolumeSnapshotClass; empty: the one of the volume's driver.")],
        "It is bound, and a VolumeSnapshotClass exists for the driver of its StorageClass.",
        "The snapshot is ready to use.",
        "delete_snapshot",
        [
            new("", "persistentvolumeclaims", ["get"]), new("storage.k8s.io", "storageclasses", ["get"]),
            new("snapshot.storage.k8s.io", "volumesnapshotclasses", ["list"]),
            new("snapshot.storage.k8s.io", "volumesnapshots", ["get", "create", "delete"]),
        ])
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = "Takes a snapshot of a volume.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var claim = await tools.ReadAsync(request.Target, cancellationToken);
        if (claim is null) return Proposal.Gone(request.Target);
        if (claim.Text("status", "phase") != "Bound") return Proposal.Refuse($"it is {claim.Text("status", "phase")}, not Bound");
        var storage = await tools.ReadAsync(Kinds.StorageClass, null, claim.Text("spec", "storageClassName") ?? "none", cancellationToken);
        var driver = storage.Text("provisioner");
        var classes = (await tools.ListAsync(Kinds.VolumeSnapshotClass, null, cancellationToken))
            .Where(item => item.Text("driver") == driver).Select(item => item.Name()).Order(StringComparer.Ordinal).ToList();
        var name = request.Parameters.Given("class") ?? classes.FirstOrDefault();
        if (driver is null || name is null || !classes.Contains(name))
        {
            return Proposal.Refuse(
                $"no VolumeSnapshotClass {request.Parameters.Given("class")} is there for driver '{driver ?? "unknown"}'");
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.Key)).AsSpan(0, HashBytes));
        var body = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["volumeSnapshotClassName"] = name,
                ["source"] = new JsonObject { ["persistentVolumeClaimName"] = claim.Name() },
            },
        };
        return Proposal.Act($"takes a snapshot of {request.Target}", new CreateEffect(
            ObjectAddress.Of(Kinds.VolumeSnapshot, request.Target.Namespace, $"{claim.Name()}-heal-{hash}"), body));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var snapshot = await tools.ReadAsync(((CreateEffect)image.Steps[0]).Address, cancellationToken);
        if (snapshot.IsTrue("status", "readyToUse")) return EffectCheck.Yes($"snapshot {snapshot.Name()} is ready to use");
        return EffectCheck.NotYet(snapshot.Text("status", "error", "message") is { } error
            ? SafeText.Line(error, EvidenceLimits.MessageLength) : "the snapshot is not ready yet");
    }
}
