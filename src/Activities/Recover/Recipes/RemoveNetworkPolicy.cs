using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Takes away the one NetworkPolicy that came shortly before a workload lost its traffic. Its inverse makes the policy again. A policy is
/// somebody's rule about security: let people approve it.
/// </summary>
internal sealed class RemoveNetworkPolicy : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "remove_network_policy_rule",
        RiskClass.R3,
        [Causes.NetworkPolicyBlocks],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [new ActionParameter("within", ParameterKind.Duration, "1h", "1m", "24h", "How new the policy must be.")],
        "The workload is not ready, exactly one policy that selects its pods is that new and is no quarantine of the healer, it came after "
            + "the pods' template, and it belongs to no tool.",
        "The policy is gone and the workload is ready again.",
        "restore_network_policy",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            new("networking.k8s.io", "networkpolicies", ["get", "list", "create", "delete"]),
        ])
    {
        ForOwned = true,
        Summary = "Takes away the NetworkPolicy that cut a workload off.",
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (Workloads.Ready(live) >= Workloads.Desired(live)) return Proposal.Refuse("it is ready: no traffic that matters is cut off");
        var labels = live.Texts("spec", "template", "metadata", "labels");
        var since = tools.Time.GetUtcNow() - request.Parameters.Span("within");
        var policies = (await tools.ListAsync(Kinds.NetworkPolicy, target.Namespace, cancellationToken))
            .Where(policy => Selectors.Matches(policy.At("spec", "podSelector"), labels)
                && policy.Label("heal.internal/quarantine") is null && Born(policy) >= since && Born(policy) >= Born(live))
            .ToList();
        if (policies is not [var policy])
        {
            return Proposal.Refuse(Workloads.Invariant($"{policies.Count} policies that select its pods are that new, one is asked for"));
        }

        if (PatchEffect.OwnerOf(policy) is { } owner)
        {
            return Proposal.Refuse($"policy {policy.Name()} belongs to {owner.Tool} ({owner.Proof})");
        }

        return Proposal.Act($"takes away NetworkPolicy {policy.Name()} of {Born(policy):u}", new DeleteEffect(
            ObjectAddress.Of(Kinds.NetworkPolicy, target.Namespace, policy.Name()), policy.Uid(), CreateEffect.BodyOf(policy)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var policy = (DeleteEffect)image.Steps[0];
        if (await tools.ReadAsync(policy.Address, cancellationToken) is { } still && still.Uid() == policy.Uid)
        {
            return EffectCheck.NotYet("the policy is still there");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        var (ready, desired) = (Workloads.Ready(live), Workloads.Desired(live));
        return ready >= desired
            ? EffectCheck.Yes(Workloads.Invariant($"{ready} of {desired} replicas are ready"))
            : EffectCheck.NotYet(Workloads.Invariant($"{ready} of {desired} replicas are ready"));
    }

    private static DateTimeOffset Born(JsonObject live) => DateTimeOffset.Parse(
        live.Text("metadata", "creationTimestamp") ?? "0001-01-01T00:00:00Z", CultureInfo.InvariantCulture);
}
