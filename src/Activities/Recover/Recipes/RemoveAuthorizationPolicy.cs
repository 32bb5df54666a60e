using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Takes away the one Istio AuthorizationPolicy that came shortly before a workload's requests were turned away. Its inverse makes it
/// again. A policy is somebody's rule about security: always for people to approve.
/// </summary>
internal sealed class RemoveAuthorizationPolicy : IRecipe
{
    public static readonly ResourceKind Policy = new("security.istio.io", "AuthorizationPolicy");

    public ActionDescriptor Descriptor { get; } = new(
        "remove_authz_policy",
        RiskClass.R3,
        [Causes.AuthorizationPolicyBlocks],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [new ActionParameter("within", ParameterKind.Duration, "1h", "1m", "24h", "How new the policy must be.")],
        $"Prometheus ({PrometheusOptions.Section}:Url) sees requests to the workload that are answered with 403 (istio_requests_total), "
            + "and exactly one policy that selects its pods is that new, came after the workload, and belongs to no tool.",
        "The policy is gone, and the requests that are answered with 403 are a tenth of what they were, or fewer.",
        "restore_authz_policy",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            new("security.istio.io", "authorizationpolicies", ["get", "list", "create", "delete"]),
        ])
    {
        ForOwned = true,
        Summary = "Takes away the Istio AuthorizationPolicy that turns a workload's requests away.",
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        if (tools.Ports.Denied is not { } metrics)
        {
            return Proposal.Refuse($"whether requests are turned away is not known: setting {PrometheusOptions.Section}:Url is not set");
        }

        if (await tools.Client.DiscoverAsync(Policy, cancellationToken) is null)
        {
            return Proposal.Refuse("the cluster does not serve AuthorizationPolicy of security.istio.io");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        decimal denied;
        try
        {
            denied = await metrics.DeniedAsync(target.Namespace, target.Name, cancellationToken);
        }
        catch (UsageException e)
        {
            return Proposal.Refuse(e.Message);
        }

        if (denied <= 0) return Proposal.Refuse("no request to it was answered with 403 within the last minute");
        var labels = live.Texts("spec", "template", "metadata", "labels");
        var since = tools.Time.GetUtcNow() - request.Parameters.Span("within");
        var policies = (await tools.ListAsync(Policy, target.Namespace, cancellationToken))
            .Where(item => Selects(item, labels) && Born(item) >= since && Born(item) >= Born(live)).ToList();
        if (policies is not [var policy])
        {
            return Proposal.Refuse(Workloads.Invariant($"{policies.Count} policies that select its pods are that new, one is asked for"));
        }

        if (PatchEffect.OwnerOf(policy) is { } owner)
        {
            return Proposal.Refuse($"policy {policy.Name()} belongs to {owner.Tool} ({owner.Proof})");
        }

        return Proposal.Act($"takes away AuthorizationPolicy {policy.Name()} of {Born(policy):u}", new DeleteEffect(
                ObjectAddress.Of(Policy, target.Namespace, policy.Name()), policy.Uid(), CreateEffect.BodyOf(policy)))
            .With("denied", denied);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        const int Tenth = 10;
        var policy = (DeleteEffect)image.Steps[0];
        if (await tools.ReadAsync(policy.Address, cancellationToken) is { } still && still.Uid() == policy.Uid)
        {
            return EffectCheck.NotYet("the policy is still there");
        }

        if (tools.Ports.Denied is not { } metrics) return EffectCheck.NotYet("whether requests are turned away is not known any more");
        var before = image.Facts["denied"]?.GetValue<decimal>() ?? 0;
        var now = await metrics.DeniedAsync(target.Namespace, target.Name, cancellationToken);
        return now * Tenth <= before
            ? EffectCheck.Yes(Workloads.Invariant($"{now:0.##} requests/s are answered with 403, {before:0.##} were"))
            : EffectCheck.NotYet(Workloads.Invariant($"{now:0.##} requests/s are still answered with 403"));
    }

    // Without a selector it holds for the whole namespace.
    private static bool Selects(JsonObject policy, IReadOnlyDictionary<string, string> labels) =>
        policy.Text("metadata", "deletionTimestamp") is null
        && policy.Texts("spec", "selector", "matchLabels").All(pair => labels.GetValueOrDefault(pair.Key) == pair.Value);

    private static DateTimeOffset Born(JsonObject live) => DateTimeOffset.Parse(
        live.Text("metadata", "creationTimestamp") ?? "0001-01-01T00:00:00Z", CultureInfo.InvariantCulture);
}
