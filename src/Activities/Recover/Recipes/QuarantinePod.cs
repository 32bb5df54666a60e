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
        "It runs and is not being deleted.",
        "A policy denies all traffic of the pod, and no endpoint of a Service leads to it.",
        "release_pod",
        [
            new("", "pods", ["get", "patch"]), new("", "services", ["list"]), .. Backends.Rules,
            new("networking.k8s.io", "networkpolicies", ["get", "create", "delete"]),
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

        return EffectCheck.Yes("nothing leads to it, and its traffic is denied");
    }
}
