using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Points a port of a Service at the one port that its workload has, where it names one that the workload has not. Of numbers nothing is
/// said: they lead to a container whatever it declares.
/// </summary>
internal sealed class FixServicePort : IRecipe
{
    private const string Tcp = "TCP";

    public ActionDescriptor Descriptor { get; } = new(
        "fix_service_target_port",
        RiskClass.R3,
        [Causes.EndpointsEmpty],
        [TargetKinds.Service],
        [],
        "It selects the pods of exactly one workload of the namespace, exactly one of its ports names a target that no container has, no "
            + "endpoint serves that port, and the containers have exactly one port of that protocol.",
        "The port has ready endpoints.",
        "fix_service_target_port_undo",
        [
            new("", "services", ["get", "patch"]), .. Backends.Rules, new("apps", "deployments", ["list"]),
            new("apps", "statefulsets", ["list"]), new("apps", "daemonsets", ["list"]),
        ])
    {
        Summary = "Points a port of a Service at the one port that its workload has.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        var service = await tools.ReadAsync(target, cancellationToken);
        if (service is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(service) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof})");
        var workloads = await SelectedAsync(tools, service, target.Namespace, cancellationToken);
        if (workloads is not [var workload])
        {
            return Proposal.Refuse(Workloads.Invariant($"it selects the pods of {workloads.Count} workloads, one is asked for"));
        }

        var has = workload.Items("spec", "template", "spec", "containers").SelectMany(container => container.Items("ports")).ToList();
        var wrong = service.Items("spec", "ports").Where(port => Named(port) is { } name
            && !has.Any(own => own.Text("name") == name && Protocol(own) == Protocol(port))).ToList();
        if (wrong is not [var port])
        {
            return Proposal.Refuse(Workloads.Invariant(
                $"{wrong.Count} of its ports name a target that {workload.Name()} has not, one is asked for"));
        }

        var serving = await ServingAsync(tools, target, NameOf(port), cancellationToken);
        if (serving.Count > 0) return Proposal.Refuse("the port has endpoints");
        var fit = has.Where(own => Protocol(own) == Protocol(port)).ToList();
        if (fit is not [var right])
        {
            return Proposal.Refuse(Workloads.Invariant(
                $"{workload.Name()} has {fit.Count} ports of protocol {Protocol(port)}, one is asked for"));
        }

        var number = port.Scalar("port");
        JsonNode? to = right.Text("name") is { } known ? known : right.Whole("containerPort");
        var item = port.Text("protocol") is { } protocol ? $"[port={number},protocol={protocol}]" : $"[port={number}]";
        return Proposal.Act(
                $"points port {number} of {target} at {to} of {workload.Text("kind")} {workload.Name()}",
                PatchEffect.On(ActionTools.AddressOf(target), service, FieldChange.Of(service, to, "spec", "ports", item, "targetPort")))
            .With("port", NameOf(port));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var serving = await ServingAsync(tools, target, image.Facts.Text("port") ?? "", cancellationToken);
        var count = serving.Count(backend => backend.IsReady);
        return count > 0
            ? EffectCheck.Yes(Workloads.Invariant($"{count} endpoints are ready")) : EffectCheck.NotYet("no endpoint of the port is ready");
    }

    private static Task<IReadOnlyList<Backend>> ServingAsync(
        ActionTools tools, TargetReference target, string port, CancellationToken cancellationToken) =>
        Backends.OfServiceAsync(tools, target.Namespace, target.Name, cancellationToken, port);

    private static async Task<IReadOnlyList<JsonObject>> SelectedAsync(
        ActionTools tools, JsonObject service, string ns, CancellationToken cancellationToken)
    {
        var (selector, found) = (service.Texts("spec", "selector"), new List<JsonObject>());
        foreach (var kind in (ResourceKind[])[Kinds.Deployment, Kinds.StatefulSet, Kinds.DaemonSet])
        {
            found.AddRange((await tools.ListAsync(kind, ns, cancellationToken))
                .Where(workload => Selectors.MatchesMap(selector, workload.Texts("spec", "template", "metadata", "labels"))));
        }

        return found;
    }

    // Null for a number, and for none: that is the port's own number.
    private static string? Named(JsonObject port) =>
        port.Text("targetPort") is { Length: > 0 } name && !int.TryParse(name, CultureInfo.InvariantCulture, out _) ? name : null;

    private static string NameOf(JsonObject port) => port.Text("name") ?? "";

    private static string Protocol(JsonObject port) => port.Text("protocol") ?? Tcp;
}
