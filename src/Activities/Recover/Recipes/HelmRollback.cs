using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;
using YamlDotNet.Core;

namespace Heal.Activities;

/// <summary>
/// Takes a Helm release back to an earlier revision: the objects get what the manifests differ in, and Helm's books a new revision.
/// Hooks are
/// not run, and a release whose revisions differ in Secrets or in kinds that are not listed here is refused: Helm itself must do that.
/// </summary>
internal sealed class HelmRollback : IRecipe
{
    /// <summary>Kinds whose objects are patched, made and deleted here; the rights follow from them.</summary>
    private static readonly ResourceKind[] Handled =
    [
        Kinds.Deployment, Kinds.StatefulSet, Kinds.DaemonSet, Kinds.ConfigMap, Kinds.Service, Kinds.HorizontalPodAutoscaler,
        Kinds.PodDisruptionBudget,
    ];

    public ActionDescriptor Descriptor { get; } = new(
        "helm_rollback",
        RiskClass.R2,
        [
            Causes.BadRelease, Causes.CrashAfterTemplateChange, Causes.ImagePullAfterTemplateChange,
            Causes.MissingObjectAfterTemplateChange, Causes.OutOfMemoryAfterTemplateChange, Causes.RolloutStuckAfterTemplateChange,
        ],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [new ActionParameter("revision", ParameterKind.Number, "0", "0", "100000",
            "To which revision; 0: the newest before that was deployed.")],
        "Helm owns the target, no GitOps tool does, no other operation of Helm is pending, the revision was deployed once, and the "
            + "revisions differ only in kinds that are handled here.",
        "Helm's newest revision is ours and deployed, and all pods of the target are of the newest template and ready.",
        "helm_roll_forward",
        [
            .. Handled.Select(kind => new PermissionRule(kind.Group, Plural(kind), ["get", "create", "patch", "delete"])),
            new("", "secrets", ["get", "list", "create", "patch"]),
        ])
    {
        ForOwned = true,
        Summary = "Takes a Helm release back to an earlier revision.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Workload?.Owner is { Tool: "Helm" } ? null : "Helm does not own it";

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(live) is { Tool: not "Helm" } other) return Proposal.Refuse($"it belongs to {other.Tool} ({other.Proof})");
        if (live.Annotation(HelmRelease.NameMark) is not { } release)
        {
            return Proposal.Refuse($"it carries no annotation {HelmRelease.NameMark}");
        }

        if (live.Annotation(HelmRelease.NamespaceMark) is { } home && home != target.Namespace)
        {
            return Proposal.Refuse($"its release is in namespace '{home}'");
        }

        var history = await HelmRelease.HistoryAsync(tools, target.Namespace, release, cancellationToken);
        if (history.Count == 0) return Proposal.Refuse($"release '{release}' has no revision that can be read");
        var (current, older) = (history[0], history.Skip(1));
        if (current.Status.StartsWith("pending", StringComparison.Ordinal)) return Proposal.Refuse($"Helm is at work: {current.Status}");
        var wanted = request.Parameters.Number("revision");
        var source = older.FirstOrDefault(item => wanted == 0 ? item.WasDeployed : item.Version == wanted);
        if (source is null || !source.WasDeployed)
        {
            return Proposal.Refuse(wanted == 0 ? "no earlier revision was ever deployed"
                : Workloads.Invariant($"revision {wanted} is not there, or was never deployed"));
        }

        try
        {
            var (steps, objection) = await StepsAsync(tools, target.Namespace, release, current, source, cancellationToken);
            if (objection is not null) return Proposal.Refuse(objection);
            if (steps.Count == 0)
            {
                return Proposal.Refuse(Workloads.Invariant($"revisions {current.Version} and {source.Version} are alike"));
            }

            var books = new HelmReleaseEffect(target.Namespace, release, current.Version, source.Version);
            return Proposal.Act(
                Workloads.Invariant($"takes Helm release '{release}' from revision {current.Version} to the content of {source.Version}"),
                [.. steps, books]);
        }
        catch (YamlException)
        {
            return Proposal.Refuse("the manifest of a revision cannot be read");
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var books = (HelmReleaseEffect)image.Steps[^1];
        var secret = await tools.ReadAsync(
            Kinds.Secret, books.Namespace, HelmRelease.SecretName(books.Release, books.Next), cancellationToken);
        if (secret.Label("status") != "deployed") return EffectCheck.NotYet(Workloads.Invariant($"revision {books.Next} is not deployed"));
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        return Workloads.Unfinished(live) is { } why ? EffectCheck.NotYet(why)
            : EffectCheck.Yes(Workloads.Invariant($"revision {books.Next} is deployed, and all pods are ready"));
    }

    private static async Task<(List<Effect> Steps, string? Objection)> StepsAsync(
        ActionTools tools, string ns, string release, HelmRelease current, HelmRelease source, CancellationToken cancellationToken)
    {
        var (now, wanted) = (ByAddress(current, ns), ByAddress(source, ns));
        var steps = new List<Effect>();
        foreach (var address in now.Keys.Union(wanted.Keys))
        {
            var (before, after) = (now.GetValueOrDefault(address), wanted.GetValueOrDefault(address));
            if (before is not null && after is not null && FieldChange.Same(before, after)) continue;
            if (!Handled.Contains(address.ResourceKind))
            {
                return ([], $"the revisions differ in {address.Kind} {address.Name}: that is for Helm itself to undo");
            }

            if (address.Namespace != ns) return ([], $"{address} is in another namespace than the release");
            var live = await tools.ReadAsync(address, cancellationToken);
            if (after is null)
            {
                if (live is not null) steps.Add(new DeleteEffect(address, live.Uid(), CreateEffect.BodyOf(live), AnyOwner: true));
            }
            else if (live is null)
            {
                steps.Add(new CreateEffect(address, HelmRelease.Owned(after, release, ns), AnyOwner: true));
            }
            else if (ManifestDiff.Between(live, before ?? after, after) is { Count: > 0 } changes)
            {
                steps.Add(new PatchEffect(address, live.Uid(), changes, AnyOwner: true));
            }
        }

        // What workloads read comes before the workloads.
        return ([.. steps.OrderBy(step => step is PatchEffect { Address.Group: "apps" } or CreateEffect { Address.Group: "apps" })], null);
    }

    private static Dictionary<ObjectAddress, JsonObject> ByAddress(HelmRelease release, string ns)
    {
        var found = new Dictionary<ObjectAddress, JsonObject>();
        foreach (var item in release.Objects())
        {
            if (item.Annotation("helm.sh/hook") is not null) continue;
            var kind = ResourceKind.FromApiVersion(item.Text("apiVersion") ?? "", item.Text("kind") ?? "");
            found[new ObjectAddress(kind.Group, kind.Kind, item.Text("metadata", "namespace") ?? ns, item.Name())] = item;
        }

        return found;
    }

    private static string Plural(ResourceKind kind) => $"{kind.Kind.ToLowerInvariant()}s";
}
