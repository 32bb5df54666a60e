using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Copies a pull secret that is gone or out of date from the namespace that is set as the true one. The replaced content stays in a Secret
/// beside it for the inverse; neither ledger nor log ever has any.
/// </summary>
internal sealed class RefreshPullSecret : IRecipe
{
    /// <summary>Label of the Secrets that keep a replaced content. They may be deleted when nobody wants to undo any more.</summary>
    public const string PreImage = "heal.internal/pre-image";

    private const int HashBytes = 4;
    private const int LongestName = 230;

    public ActionDescriptor Descriptor { get; } = new(
        "refresh_pull_secret",
        RiskClass.R2,
        [Causes.PullSecretMissing, Causes.ImagePullUnchanged],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [new ActionParameter("secret", ParameterKind.Text, "", null, null,
            "Which pull secret; empty: the one that the waiting pods name.")],
        "A pod of it waits for its image and names the pull secret, which is missing or differs from the one of the same name in the "
            + $"namespace of setting {SourceOptions.Section}:PullSecretNamespace; that one has credentials for the image's registry, and "
            + "no tool owns the copy.",
        "No pod of it waits for an image, and all are ready.",
        "refresh_pull_secret_undo",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            Rules.ReadReplicaSets, Rules.ReadPods, new("", "secrets", ["get", "create", "patch", "delete"]),
        ])
    {
        ForOwned = true,
        Summary = "Copies a pull secret from its source of truth.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Pods.Any(pod => pod.Containers.Any(container => IsPull(container.Waiting))) ? null : "no pod of it waits for an image";

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        if (tools.Ports.Sources.PullSecretNamespace is not { Length: > 0 } sources)
        {
            return Proposal.Refuse(
                $"no namespace is set as the source of pull secrets: setting {SourceOptions.Section}:PullSecretNamespace");
        }

        if (sources == target.Namespace) return Proposal.Refuse("its namespace is itself the source of pull secrets");
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        var waiting = (await Workloads.PodsAsync(tools, live, cancellationToken)).Where(pod => ImageWaitedFor(pod) is not null).ToList();
        if (waiting.Count == 0) return Proposal.Refuse("no pod of it waits for an image");

        // Those of the pods and not of the template: the service account's are among them.
        var wanted = request.Parameters.Given("secret");
        var named = waiting
            .SelectMany(pod => pod.Items("spec", "imagePullSecrets").Select(item => (Pod: pod, Name: item.Text("name") ?? "")))
            .Where(item => item.Name.Length > 0 && (wanted is null || item.Name == wanted))
            .DistinctBy(item => item.Name).OrderBy(item => item.Name, StringComparer.Ordinal).ToList();
        if (named.Count == 0)
        {
            return Proposal.Refuse(
                wanted is null ? "its pods name no pull secret" : $"its waiting pods do not name pull secret '{wanted}'");
        }

        var reasons = new List<string>();
        foreach (var (pod, name) in named)
        {
            var (steps, objection) = await StepsAsync(tools, request, sources, pod, name, cancellationToken);
            if (steps is not null) return Proposal.Act($"copies pull secret '{name}' from namespace '{sources}' for {target}", steps);
            reasons.Add(objection);
        }

        return Proposal.Refuse(string.Join("; ", reasons));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        var pods = await Workloads.PodsAsync(tools, live, cancellationToken);
        if (pods.FirstOrDefault(pod => ImageWaitedFor(pod) is not null) is { } waiting)
        {
            return EffectCheck.NotYet($"pod {waiting.Name()} still waits for its image");
        }

        return Workloads.Unfinished(live) is { } why ? EffectCheck.NotYet(why) : EffectCheck.Yes("all images are pulled, all pods ready");
    }

    private static async Task<(IReadOnlyList<Effect>? Steps, string Objection)> StepsAsync(
        ActionTools tools, ActionRequest request, string sources, JsonObject pod, string name, CancellationToken cancellationToken)
    {
        var from = ObjectAddress.Of(Kinds.Secret, sources, name);
        var to = ObjectAddress.Of(Kinds.Secret, request.Target.Namespace, name);
        var source = await tools.ReadAsync(from, cancellationToken);
        if (source is null) return (null, $"{from} does not exist");
        var image = ImageWaitedFor(pod)!;
        if (!SecretContent.Serves(source, image))
        {
            return (null, $"{from} has no credentials for registry '{SafeText.Line(SecretContent.RegistryOf(image), 100)}'");
        }

        var hash = SecretContent.Hash(source);
        var old = await tools.ReadAsync(to, cancellationToken);
        if (old is null) return ([new SecretCopyEffect(from, hash, to, null)], "");
        if (old.IsDeleting()) return (null, $"{to} is being deleted");
        if (old.Text("type") != source.Text("type")) return (null, $"{to} is of type {old.Text("type")}");
        if (PatchEffect.OwnerOf(old) is { } owner) return (null, $"{to} belongs to {owner.Tool} ({owner.Proof}): change it there");
        var replaced = SecretContent.Hash(old);
        if (replaced == hash) return (null, $"{to} is as its source already: it is not out of date");
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.Key)).AsSpan(0, HashBytes));
        var kept = ObjectAddress.Of(
            Kinds.Secret, to.Namespace, $"{(name.Length > LongestName ? name[..LongestName] : name)}-heal-{id}");
        return (
            [
                new SecretCopyEffect(to, replaced, kept, null, Label: PreImage),
                new SecretCopyEffect(from, hash, to, replaced, kept),
            ], "");
    }

    private static string? ImageWaitedFor(JsonObject pod)
    {
        if (pod.IsDeleting()) return null;
        foreach (var (statuses, containers) in (ReadOnlySpan<(string, string)>)[("initContainerStatuses", "initContainers"),
            ("containerStatuses", "containers")])
        {
            var status = pod.Items("status", statuses).FirstOrDefault(item => IsPull(item.Text("state", "waiting", "reason")));
            if (status is null) continue;
            return pod.Items("spec", containers).FirstOrDefault(item => item.Text("name") == status.Text("name")).Text("image");
        }

        return null;
    }

    private static bool IsPull(string? reason) => reason is "ErrImagePull" or "ImagePullBackOff";
}
