using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Raises the memory or CPU limit of a container that has proven to need more, once a day and at most to double. The request grows with it
/// where both were the same. A leak only dies later by it: a second proof within a day is refused, and people are called.
/// </summary>
internal sealed class RaiseResource(string resource) : IRecipe
{
    private static readonly TimeSpan Again = TimeSpan.FromHours(24);
    private static readonly string[] Lists = ["containers", "initContainers"];
    private static readonly ResourceKind PodMetrics = new("metrics.k8s.io", "PodMetrics");

    private readonly bool _isMemory = resource == "memory";

    public string Id => $"raise_{resource}";

    public ActionDescriptor Descriptor => new(
        Id,
        RiskClass.R2,
        [_isMemory ? Causes.OutOfMemory : Causes.CpuThrottled],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            Parameters.Container,
            new ActionParameter("percent", ParameterKind.Number, "150", "110", "200", "The new limit in percent of the old one."),
            new ActionParameter("cap", ParameterKind.Quantity, _isMemory ? "4Gi" : "4", _isMemory ? "16Mi" : "10m", _isMemory
                ? "256Gi" : "64",
                "Never a higher limit than this."),
        ],
        (_isMemory ? "A container of a running pod was killed for memory under its present limit"
            : "The metrics API shows a container at 80 % of its CPU limit or more")
            + ", the limit was not raised within a day, a node has room for it, and quotas allow it.",
        _isMemory ? "All pods are of the new revision and ready, and none of them was killed for memory."
            : "All pods are of the new revision and ready.",
        $"{Id}_undo",
        [
            .. Rules.ChangeWorkloads("deployments", "statefulsets", "daemonsets"), Rules.ReadReplicaSets, Rules.ReadPods, Rules.ReadNodes,
            Rules.ReadQuotas, .. _isMemory ? (PermissionRule[])[] : [new("metrics.k8s.io", "pods", ["get"])],
        ])
    {
        Summary = $"Raises the {resource} limit of one container.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => evidence.Workload switch
    {
        { Owner: { } owner } => $"it belongs to {owner.Tool} ({owner.Proof})",
        _ when _isMemory && !evidence.Pods.Any(pod => pod.Containers.Any(container => container.LastReason == "OOMKilled"))
            => "no container was killed for memory",
        _ => null,
    };

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(live) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}): raise it there");
        var history = await tools.Store.HistoryAsync(target.Key, "", tools.Time.GetUtcNow() - Again, cancellationToken);
        if (history.FirstOrDefault(past => past.ActionId == Id && past.Finished) is { } past)
        {
            return Proposal.Refuse($"its {resource} was raised at {past.AppliedAt:u} already: a second time would only hide a leak");
        }

        var pods = await Workloads.PodsAsync(tools, live, cancellationToken);
        var (name, proof, under) = await ProveAsync(tools, pods, values.Given("container"), cancellationToken);
        if (name is null) return Proposal.Refuse(proof);
        var list = Lists.First(field => live.Items("spec", "template", "spec", field).Any(item => item.Text("name") == name));
        var container = live.Items("spec", "template", "spec", list).First(item => item.Text("name") == name);
        if (Amounts.Parse(container.Scalar("resources", "limits", resource)) is not { } limit)
        {
            return Proposal.Refuse($"container '{name}' has no {resource} limit");
        }

        // Resized in its place, by somebody or by an autoscaler, or of an older template.
        if (Amounts.Parse(under) is { } had && had != limit)
        {
            return Proposal.Refuse(
                $"container '{name}' ran with a {resource} limit of {under}, not with {container.Scalar("resources", "limits", resource)}: "
                    + "nothing proves that the present one is too low");
        }

        var raised = Math.Min(limit * values.Number("percent") / 100, values.Amount("cap"));
        if (raised <= limit) return Proposal.Refuse($"container '{name}' has its cap of {values["cap"]} already");
        var requested = Amounts.Parse(container.Scalar("resources", "requests", resource));
        var more = requested == limit ? raised - limit : 0;
        if (await ResourceRoom.ObjectionAsync(
            tools, live, target.Namespace, resource, raised - limit, more, raised - limit, cancellationToken) is { } objection)
        {
            return Proposal.Refuse(objection);
        }

        var text = _isMemory ? Amounts.Bytes(raised) : Amounts.Cores(raised);
        var fields = new List<FieldChange> { Field("limits") };
        if (more > 0) fields.Add(Field("requests"));
        return Proposal.Act(
            $"raises the {resource} limit of container '{name}' from {container.Scalar("resources", "limits", resource)} to {text} "
                + $"({proof})",
            PatchEffect.On(ActionTools.AddressOf(target), live, fields)).With("container", name);

        FieldChange Field(string kind) => FieldChange.Of(
            live, text, "spec", "template", "spec", list, $"[name={name}]", "resources", kind, resource);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        if (Workloads.Unfinished(live) is { } why) return EffectCheck.NotYet(why);
        var pods = await Workloads.PodsAsync(tools, live, cancellationToken);
        return _isMemory && ResourceRoom.Killed(pods, image.Facts.Text("container")) is { } pod
            ? EffectCheck.NotYet($"pod {pod.Name()} was killed for memory again")
            : EffectCheck.Yes("all pods run with the new limit");
    }

    // And the limit that was in force.
    private async Task<(string? Container, string Proof, string? Under)> ProveAsync(
        ActionTools tools, IReadOnlyList<JsonObject> pods, string? wanted, CancellationToken cancellationToken)
    {
        if (!_isMemory) return await ProveThrottledAsync(tools, pods, wanted, cancellationToken);
        foreach (var pod in pods)
        {
            var killed = ResourceRoom.Statuses(pod)
                .FirstOrDefault(status => ResourceRoom.WasKilled(status) && (wanted is null || status.Text("name") == wanted));
            if (killed?.Text("name") is not { } name) continue;
            var spec = Lists.SelectMany(field => pod.Items("spec", field)).FirstOrDefault(item => item.Text("name") == name);
            return (name, "it was OOMKilled",
                killed.Scalar("resources", "limits", resource) ?? spec.Scalar("resources", "limits", resource));
        }

        return (null, "no container of a running pod was killed for memory", null);
    }

    private static async Task<(string? Container, string Proof, string? Under)> ProveThrottledAsync(
        ActionTools tools, IReadOnlyList<JsonObject> pods, string? wanted, CancellationToken cancellationToken)
    {
        const decimal Close = 0.8m;
        const int Looks = 20;
        var seen = false;
        foreach (var pod in pods.Take(Looks))
        {
            var metrics = await tools.ReadAsync(PodMetrics, pod.Text("metadata", "namespace"), pod.Name(), cancellationToken);
            foreach (var used in metrics.Items("containers").Where(item => wanted is null || item.Text("name") == wanted))
            {
                seen = true;
                var name = used.Text("name");
                var spec = Lists.SelectMany(field => pod.Items("spec", field)).FirstOrDefault(item => item.Text("name") == name);
                var status = ResourceRoom.Statuses(pod).FirstOrDefault(item => item.Text("name") == name);
                var under = status.Scalar("resources", "limits", "cpu") ?? spec.Scalar("resources", "limits", "cpu");
                if (Amounts.Parse(under) is not { } limit) continue;
                if (Amounts.Parse(used.Scalar("usage", "cpu")) >= limit * Close)
                {
                    return (name, $"pod {pod.Name()} uses {used.Scalar("usage", "cpu")} of {under}", under);
                }
            }
        }

        return (null, seen
            ? "no container is close to its CPU limit" : "the metrics API has nothing on its pods: throttling is not proven", null);
    }
}
