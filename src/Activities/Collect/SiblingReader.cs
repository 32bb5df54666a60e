using System.Text.Json;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Objects of the target's kind with the same owner, or without one as the target: is it the only one in trouble?</summary>
internal static class SiblingReader
{
    /// <param name="deployments">Those of the namespace, which are read anyway.</param>
    public static async Task<IReadOnlyList<SiblingEvidence>> ReadAsync(
        PartReader reader, Subject subject, Task<IReadOnlyList<KubernetesObject>?> deployments)
    {
        var target = subject.Object;
        if (subject.Kind == "Namespace") return [];
        var kind = ResourceKind.FromApiVersion(target.ApiVersion ?? "v1", subject.Kind);
        var ns = subject.Namespace.Length > 0 ? subject.Namespace : null;
        var list = subject.Kind == "Deployment"
            ? await deployments
            : await reader.ListAsync<KubernetesObject>($"siblings ({subject.Kind}s)", kind, ns);
        var owner = target.Metadata.ControllerOwner()?.Uid;
        var found = (list ?? [])
            .Where(item => item.Metadata.Uid != target.Metadata.Uid && item.Metadata.ControllerOwner()?.Uid == owner)
            .Select(item => Describe(item, subject.Kind))
            .OrderBy(item => item.IsHealthy).ThenBy(item => item.Name, StringComparer.Ordinal)
            .ToList();
        if (found.Count > EvidenceLimits.Siblings)
        {
            reader.Gap($"siblings: {found.Count - EvidenceLimits.Siblings} of {found.Count} were left out, healthy ones first");
        }

        return [.. found.Take(EvidenceLimits.Siblings)];
    }

    private static SiblingEvidence Describe(KubernetesObject item, string kind)
    {
        var (state, healthy) = State(item);
        return new SiblingEvidence(
            $"{kind.ToLowerInvariant()}/{item.Metadata.Name}", kind, item.Metadata.Name ?? "",
            SafeText.Line(state, EvidenceLimits.FactLength), healthy);
    }

    private static (string State, bool IsHealthy) State(KubernetesObject item)
    {
        if (WorkloadFacts.Readiness(item) is var (ready, desired)) return ($"{ready}/{desired} ready", ready >= desired);

        var conditions = ObjectFacts.Conditions(item);
        var phase = item.Field("status", "phase") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        if (conditions.FirstOrDefault(condition => condition.Type == "Ready") is { } said && phase != "Succeeded")
        {
            return ($"{phase} {(said.Status ? "ready" : $"not ready {said.Reason}")}".Trim(), said.Status);
        }

        var failed = conditions.FirstOrDefault(condition => condition is { Type: "Failed", Status: true });
        return failed is null
            ? (phase ?? "there", phase is not ("Failed" or "Pending" or "Lost" or "Terminating"))
            : ($"failed {failed.Reason}", false);
    }
}
