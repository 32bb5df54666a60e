using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Cuts one pod off for people to look at: a policy that lets nothing in or out, and its labels taken off, so that no Service sends to
/// it and
/// its controller makes another. Needs a network plugin that enforces policies. The inverse gives the labels back.
/// </summary>
internal sealed class QuarantinePod : IRecipe
{
    private const string Mark = "heal.internal/quarantine";
    private const int HashBytes = 4;

    public ActionDescriptor Descriptor { get; } = new(
        "quarantine_pod",
        RiskClass.R2,
        [Causes.PodCompromised],
        [TargetKinds.Pod],
        [],
        "It runs, is not being deleted, and is not on the network of its node; and every NetworkPolicy that allows traffic of it lets go "
            + "of it once the labels are off that it is selected by.",
        "A policy denies all traffic of the pod, no other one allows any, and no endpoint of a Service leads to it.",
        "release_pod",
        [
            new("", "pods", ["get", "patch"]), new("", "services", ["list"]), .. Backends.Rules,
            new("networking.k8s.io", "networkpolicies", ["get", "list", "create", "delete"]),
        ])
    {
        Summary = "Cuts one pod off from the network and from its Services.",
        LeavesFault = true,
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, ns) = (request.Target, request.Target.Namespace);
        var pod = await tools.ReadAsync(target, cancellationToken);
        if (pod is null) return Proposal.Gone(target);
        if (pod.IsDeleting()) return Proposal.Refuse("it is being deleted");
        if (pod.Text("status", "phase") != "Running") return Proposal.Refuse($"it is {pod.Text("status", "phase")}, not Running");
        if (pod.Label(Mark) is not null) return Proposal.Refuse("it is in quarantine already");
        if (pod.IsTrue("spec", "hostNetwork")) return Proposal.Refuse("it is on the network of its node, where no policy reaches it");

        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pod.Uid())).AsSpan(0, HashBytes));
        var policy = new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Mark] = id } },
            ["spec"] = new JsonObject
            {
                ["podSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [Mark] = id } },
                ["policyTypes"] = new JsonArray("Ingress", "Egress"),
            },
        };
        var labels = pod.Texts("metadata", "labels");
        var services = (await tools.ListAsync(Kinds.Service, ns, cancellationToken))
            .Where(service => Selectors.MatchesMap(service.Texts("spec", "selector"), labels)).ToList();
        var taken = services.SelectMany(service => service.Texts("spec", "selector").Keys).ToHashSet(StringComparer.Ordinal);
        if (await StillAllowedAsync(tools, ns, labels, id, taken, cancellationToken) is { } allowed) return Proposal.Refuse(allowed);
        var fields = taken.Order(StringComparer.Ordinal).Select(label => FieldChange.Of(pod, null, "metadata", "labels", label))
            .Prepend(FieldChange.Of(pod, id, "metadata", "labels", Mark));

        // First the policy: from the moment that the pod carries the mark, nothing passes.
        return Proposal.Act($"puts {target} in quarantine",
                new CreateEffect(ObjectAddress.Of(Kinds.NetworkPolicy, ns, $"heal-quarantine-{id}"), policy),
                new PatchEffect(ActionTools.AddressOf(target), pod.Uid(), [.. fields], AnyOwner: true))
            .With("services", new JsonArray([.. services.Select(service => (JsonNode)service.Name())]));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var uid = ((PatchEffect)image.Steps[1]).Uid;
        foreach (var service in image.Facts["services"]!.AsArray().Select(name => name!.GetValue<string>()))
        {
            var backends = await Backends.OfServiceAsync(tools, target.Namespace, service, cancellationToken);
            if (backends.Any(backend => backend.Pod == uid))
            {
                return EffectCheck.NotYet($"Service {service} still leads to it");
            }
        }

        var pod = await tools.ReadAsync(target, cancellationToken);
        var labels = pod.Texts("metadata", "labels");
        var policies = await tools.ListAsync(Kinds.NetworkPolicy, target.Namespace, cancellationToken);
        return policies.FirstOrDefault(policy => Allows(policy, labels)) is { } allows
            ? EffectCheck.NotYet(NotIsolated(allows)) : EffectCheck.Yes("nothing leads to it, and its traffic is denied");
    }

    // Policies add up: what one of them allows, the one that denies does not take away. So the pod must leave those that allow something,
    // by the labels that they select it by. Without these it may come under others, which select by what is missing.
    private static async Task<string?> StillAllowedAsync(
        ActionTools tools, string ns, IReadOnlyDictionary<string, string> labels, string id, HashSet<string> taken,
        CancellationToken cancellationToken)
    {
        var policies = await tools.ListAsync(Kinds.NetworkPolicy, ns, cancellationToken);
        while (true)
        {
            var left = labels.Where(label => !taken.Contains(label.Key)).Append(KeyValuePair.Create(Mark, id))
                .ToDictionary(StringComparer.Ordinal);
            if (policies.FirstOrDefault(policy => Allows(policy, left)) is not { } allows) return null;
            var off = Selectors.Needed(allows.At("spec", "podSelector")).Where(label => label != Mark && left.ContainsKey(label)).ToList();
            if (off.Count == 0) return NotIsolated(allows);
            taken.UnionWith(off);
        }
    }

    private static string NotIsolated(JsonObject policy) =>
        $"it would not be isolated: NetworkPolicy {policy.Name()} allows traffic of it, whatever labels are taken off; let that policy "
        + $"leave out pods with the label {Mark}";

    // Of one without types: what comes in always, and what goes out when it has rules for that.
    private static bool Allows(JsonObject policy, IReadOnlyDictionary<string, string> labels)
    {
        if (!Selectors.Matches(policy.At("spec", "podSelector"), labels)) return false;
        var types = (policy.At("spec", "policyTypes") as JsonArray)?.Select(type => type.Scalar()).ToList() ?? [];
        return (policy.Items("spec", "ingress").Any() && (types.Count == 0 || types.Contains("Ingress")))
            || (policy.Items("spec", "egress").Any() && (types.Count == 0 || types.Contains("Egress")));
    }
}
