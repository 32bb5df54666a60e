using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Evicts one pod of a workload, so that its controller makes a fresh one: the least that cures a leak or a hang. Budgets are respected,
/// because it is an eviction. Hurts where the pod's memory is its only copy of something.
/// </summary>
internal sealed class RestartPod : IRecipe
{
    // Set by a Deployment's controller: the pods of one ReplicaSet have it in common.
    private const string TemplateHash = "pod-template-hash";

    public ActionDescriptor Descriptor { get; } = new(
        "restart_pod",
        RiskClass.R1,
        [Causes.MemoryGrowing, Causes.NoChangeFound, Causes.OutOfMemory],
        [TargetKinds.Pod, TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [new ActionParameter("pod", ParameterKind.Text, "", null, null,
            "Which pod of the workload; empty: one that is not ready, else the one that has run longest.")],
        "A controller other than a Job owns the pod, it is not being deleted, and no budget forbids its eviction.",
        "The old pod is gone, and another of the same owner is ready in its place.",
        null,
        [
            new("", "pods", ["get", "list"]), new("", "pods/eviction", ["create"]), new("apps", "deployments", ["get"]),
            new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]), Rules.ReadReplicaSets,
        ])
    {
        ForOwned = true,
        Summary = "Evicts one pod, so that its controller makes a fresh one.",
        EffectWithin = TimeSpan.FromMinutes(3),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Workload is { Deleting: true } ? "the workload is being deleted" : null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(request.Target, cancellationToken);
        if (live is null) return Proposal.Gone(request.Target);
        var wanted = request.Parameters.Given("pod");
        var pods = request.Target.Kind == TargetKinds.Pod ? [live] : await Workloads.PodsAsync(tools, live, cancellationToken);
        var pod = wanted is null ? Choose(pods) : pods.FirstOrDefault(candidate => candidate.Name() == wanted);
        if (pod is null)
        {
            return Proposal.Refuse(wanted is null ? $"{request.Target} has no pod" : $"{request.Target} has no pod '{wanted}'");
        }

        if (pod.IsDeleting()) return Proposal.Refuse($"pod {pod.Name()} is being deleted already");
        if (pod.Controller() is not { } owner) return Proposal.Refuse($"pod {pod.Name()} has no controller that would make another");
        if (owner.Text("kind") == "Job") return Proposal.Refuse($"pod {pod.Name()} belongs to a Job: it would count as failed");

        var ns = pod.Text("metadata", "namespace")!;
        var selector = await SelectorAsync(tools, ns, pod, owner, cancellationToken);
        var siblings = await OwnedAsync(tools, ns, owner.Text("uid")!, selector, cancellationToken);
        return Proposal.Act($"restarts pod {pod.Name()}", new EvictEffect(ns, pod.Name(), pod.Uid()))
            .With("namespace", ns)
            .With("owner", owner.Text("uid"))
            .With("selector", selector)
            .With("before", new JsonArray([.. siblings.Select(sibling => (JsonNode)sibling.Uid())]));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var old = ((EvictEffect)image.Steps[0]).Uid;
        var before = image.Facts["before"]!.AsArray().Select(uid => uid!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var pods = await OwnedAsync(
            tools, image.Facts.Text("namespace")!, image.Facts.Text("owner")!, image.Facts.Text("selector"), cancellationToken);
        if (pods.Any(pod => pod.Uid() == old)) return EffectCheck.NotYet("the old pod is still stopping");
        return pods.FirstOrDefault(pod => !before.Contains(pod.Uid()) && Workloads.IsReady(pod)) is { } fresh
            ? EffectCheck.Yes($"pod {fresh.Name()} is ready in its place")
            : EffectCheck.NotYet("no new pod is ready yet");
    }

    private static JsonObject? Choose(IReadOnlyList<JsonObject> pods) => pods.Where(pod => !pod.IsDeleting())
        .OrderBy(Workloads.IsReady)
        .ThenBy(pod => pod.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
        .ThenBy(pod => pod.Name(), StringComparer.Ordinal)
        .FirstOrDefault();

    // Which labels all pods of its owner have; null for an owner of another kind: then all pods of the namespace are read.
    private static async Task<string?> SelectorAsync(
        ActionTools tools, string ns, JsonObject pod, JsonObject owner, CancellationToken cancellationToken)
    {
        if (pod.Label(TemplateHash) is { } hash) return $"{TemplateHash}={hash}";
        if (owner.Text("kind") is not (TargetKinds.StatefulSet or TargetKinds.DaemonSet)) return null;
        var live = await tools.ReadAsync(new("apps", owner.Text("kind")!), ns, owner.Text("name")!, cancellationToken);
        return live is null ? null : Selectors.Text(live.At("spec", "selector"));
    }

    private static async Task<IReadOnlyList<JsonObject>> OwnedAsync(
        ActionTools tools, string ns, string owner, string? selector, CancellationToken cancellationToken)
    {
        var pods = await tools.ListAsync(Kinds.Pod, ns, cancellationToken, selector);
        return [.. pods.Where(pod => pod.Controller().Text("uid") == owner)];
    }
}
