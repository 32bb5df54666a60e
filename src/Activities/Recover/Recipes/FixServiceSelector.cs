using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Corrects the one label of a Service's selector that keeps it from the one workload that it is clearly for.</summary>
internal sealed class FixServiceSelector : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "fix_service_selector",
        RiskClass.R3,
        [Causes.EndpointsEmpty],
        [TargetKinds.Service],
        [],
        "It has a selector and no endpoint, and exactly one workload of the namespace would match if one label of the selector had another "
            + "value.",
        "It has ready endpoints.",
        "fix_service_selector_undo",
        [
            new("", "services", ["get", "patch"]), .. Backends.Rules, new("apps", "deployments", ["list"]),
            new("apps", "statefulsets", ["list"]), new("apps", "daemonsets", ["list"]),
        ])
    {
        Summary = "Corrects the one label of a Service's selector that keeps it from its workload.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var service = await tools.ReadAsync(request.Target, cancellationToken);
        if (service is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(service) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        var selector = service.Texts("spec", "selector");
        if (selector.Count == 0) return Proposal.Refuse("it has no selector");
        if (await AddressesAsync(tools, request.Target, ready: false, cancellationToken) > 0) return Proposal.Refuse("it has endpoints");

        var candidates = new List<(JsonObject Workload, string Label, string Value)>();
        foreach (var kind in (ResourceKind[])[Kinds.Deployment, Kinds.StatefulSet, Kinds.DaemonSet])
        {
            foreach (var workload in await tools.ListAsync(kind, request.Target.Namespace, cancellationToken))
            {
                var labels = workload.Texts("spec", "template", "metadata", "labels");
                var wrong = selector.Where(pair => labels.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => pair.Key).ToList();
                if (wrong.Count == 0)
                {
                    return Proposal.Refuse($"it matches {workload.Text("kind")} {workload.Name()}: its pods are the fault");
                }

                if (wrong is [var label] && labels.TryGetValue(label, out var value) && IsMeant(workload, service, selector))
                {
                    candidates.Add((workload, label, value));
                }
            }
        }

        if (candidates is not [var (meant, key, right)])
        {
            return Proposal.Refuse(Workloads.Invariant(
                $"{candidates.Count} workloads would match with one label changed, one is asked for"));
        }

        return Proposal.Act(
            $"points {request.Target} at {meant.Text("kind")} {meant.Name()}",
            PatchEffect.On(ActionTools.AddressOf(request.Target), service, FieldChange.Of(service, right, "spec", "selector", key)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var count = await AddressesAsync(tools, target, ready: true, cancellationToken);
        return count > 0
            ? EffectCheck.Yes(Workloads.Invariant($"{count} endpoints are ready")) : EffectCheck.NotYet("no endpoint is ready");
    }

    // With a single label in the selector any workload would do: then the names must say that they belong together.
    private static bool IsMeant(JsonObject workload, JsonObject service, IReadOnlyDictionary<string, string> selector) =>
        selector.Count > 1 || workload.Name() == service.Name();

    private static async Task<int> AddressesAsync(
        ActionTools tools, TargetReference target, bool ready, CancellationToken cancellationToken)
    {
        var backends = await Backends.OfServiceAsync(tools, target.Namespace, target.Name, cancellationToken);
        return backends.Count(backend => backend.IsReady || !ready);
    }
}
