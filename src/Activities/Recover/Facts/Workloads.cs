using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What actions ask of workloads (Deployment, StatefulSet, DaemonSet) and their pods, as JSON.</summary>
internal static class Workloads
{
    public static bool IsReady(JsonObject pod) => !pod.IsDeleting() && pod.HasCondition("Ready");

    public static bool IsFinished(JsonObject pod) => pod.Text("status", "phase") is "Succeeded" or "Failed";

    public static int Desired(JsonObject workload) => workload.Text("kind") == TargetKinds.DaemonSet
        ? workload.Whole("status", "desiredNumberScheduled") ?? 0
        : workload.Whole("spec", "replicas") ?? 1;

    public static int Ready(JsonObject workload) => workload.Text("kind") == TargetKinds.DaemonSet
        ? workload.Whole("status", "numberReady") ?? 0
        : workload.Whole("status", "readyReplicas") ?? 0;

    /// <summary>Why the newest template is not running everywhere, and nothing else; null when it is.</summary>
    public static string? Unfinished(JsonObject workload)
    {
        var daemon = workload.Text("kind") == TargetKinds.DaemonSet;
        if ((workload.Whole("status", "observedGeneration") ?? 0) < (workload.Whole("metadata", "generation") ?? 0))
        {
            return "its controller has not seen the newest change";
        }

        var desired = Desired(workload);
        var updated = workload.Whole("status", daemon ? "updatedNumberScheduled" : "updatedReplicas") ?? 0;
        var total = daemon ? desired : workload.Whole("status", "replicas") ?? 0;
        if (updated < desired) return Invariant($"{updated} of {desired} replicas are of the newest revision");
        if (total > Math.Max(desired, updated)) return Invariant($"{total - updated} replicas of an older revision are still there");
        var ready = Ready(workload);
        return ready < desired ? Invariant($"{ready} of {desired} replicas are ready") : null;
    }

    /// <summary>The pods that a workload owns, directly or through its ReplicaSets, the finished ones apart.</summary>
    public static async Task<IReadOnlyList<JsonObject>> PodsAsync(
        ActionTools tools, JsonObject workload, CancellationToken cancellationToken)
    {
        var ns = workload.Text("metadata", "namespace");
        var selector = Selectors.Text(workload.At("spec", "selector"));
        var owners = new HashSet<string>(StringComparer.Ordinal) { workload.Uid() };
        if (workload.Text("kind") == TargetKinds.Deployment)
        {
            var sets = await tools.ListAsync(Kinds.ReplicaSet, ns, cancellationToken, selector);
            owners.UnionWith(sets.Where(set => set.Controller().Text("uid") == workload.Uid()).Select(set => set.Uid()));
        }

        var pods = await tools.ListAsync(Kinds.Pod, ns, cancellationToken, selector);
        return [.. pods.Where(pod => owners.Contains(pod.Controller().Text("uid") ?? "") && !IsFinished(pod))];
    }

    /// <summary>The object at the top of a pod's owners; the pod itself when nothing owns it.</summary>
    public static async Task<JsonObject> TopOwnerAsync(ActionTools tools, JsonObject pod, CancellationToken cancellationToken)
    {
        const int Deepest = 5;
        var top = pod;
        for (var depth = 0; depth < Deepest && top.Controller() is { } owner; depth++)
        {
            var kind = ResourceKind.FromApiVersion(owner.Text("apiVersion") ?? "", owner.Text("kind") ?? "");
            var found = await tools.ReadAsync(
                new ObjectAddress(kind.Group, kind.Kind, pod.Text("metadata", "namespace"), owner.Text("name") ?? ""), cancellationToken);
            if (found is null || found.Uid() != owner.Text("uid")) break;
            top = found;
        }

        return top;
    }

    /// <summary>The HorizontalPodAutoscaler that scales a workload; null when none does.</summary>
    public static async Task<JsonObject?> AutoscalerAsync(
        ActionTools tools, string kind, string ns, string name, CancellationToken cancellationToken)
    {
        var all = await tools.ListAsync(Kinds.HorizontalPodAutoscaler, ns, cancellationToken);
        return all.FirstOrDefault(item =>
            item.Text("spec", "scaleTargetRef", "kind") == kind && item.Text("spec", "scaleTargetRef", "name") == name);
    }

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
