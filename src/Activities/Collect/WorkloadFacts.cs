using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The kinds that keep replicas, in the terms of one: how many are wanted, of the newest template, ready.</summary>
internal static class WorkloadFacts
{
    /// <summary>Null for a kind that keeps no replicas.</summary>
    public static WorkloadEvidence? Describe(KubernetesObject found) => found.Kind switch
    {
        "Deployment" => DeploymentFacts.Describe(KubernetesObject.FromJson<Deployment>(found.ToJson())),
        "StatefulSet" => StatefulSet(found),
        "DaemonSet" => DaemonSet(found),
        "ReplicaSet" or "ReplicationController" => Workload(
            found, Desired(found), Number(found, "status", "replicas"), Number(found, "status", "readyReplicas"),
            Number(found, "status", "availableReplicas")),
        _ => null,
    };

    /// <summary>Ready and wanted replicas and nothing else, for lists of many; null for a kind that keeps none.</summary>
    public static (int Ready, int Desired)? Readiness(KubernetesObject found) => found.Kind switch
    {
        "DaemonSet" => (Number(found, "status", "numberReady"), Number(found, "status", "desiredNumberScheduled")),
        "Deployment" or "StatefulSet" or "ReplicaSet" or "ReplicationController" => (
            Number(found, "status", "readyReplicas"), Desired(found)),
        _ => null,
    };

    public static string TemplateHash(KubernetesObject found) => PodTemplates.Hash(
        found.Field("spec", "template") is { ValueKind: JsonValueKind.Object } template ? JsonObject.Create(template)! : []);

    public static int Number(KubernetesObject found, string name, params ReadOnlySpan<string> path) =>
        found.Field(name, path) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var n) ? n : 0;

    private static WorkloadEvidence StatefulSet(KubernetesObject found)
    {
        var (desired, updated) = (Desired(found), Number(found, "status", "updatedReplicas"));
        var partition = Number(found, "spec", "updateStrategy", "rollingUpdate", "partition");

        // Replicas below the partition, and all of them under OnDelete, keep the older template because somebody wants it so.
        if (IsOnDelete(found) || updated >= desired - partition) updated = desired;
        return Workload(found, desired, updated, Number(found, "status", "readyReplicas"), Number(found, "status", "availableReplicas"));
    }

    private static WorkloadEvidence DaemonSet(KubernetesObject found)
    {
        var desired = Number(found, "status", "desiredNumberScheduled");
        var updated = IsOnDelete(found) ? desired : Number(found, "status", "updatedNumberScheduled");
        return Workload(found, desired, updated, Number(found, "status", "numberReady"), Number(found, "status", "numberAvailable"));
    }

    private static WorkloadEvidence Workload(KubernetesObject found, int desired, int updated, int ready, int available)
    {
        var metadata = found.Metadata;
        return new WorkloadEvidence(
            $"{found.Kind!.ToLowerInvariant()}/{metadata.Name}",
            metadata.Uid ?? "",
            metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            metadata.Generation ?? 0,
            Number(found, "status", "observedGeneration"),
            desired,
            updated,
            ready,
            available,
            Paused: false,
            metadata.DeletionTimestamp is not null,
            TemplateHash(found),
            Ownership.Of(metadata),
            FieldManagers.OfTemplate(metadata),
            ObjectFacts.Conditions(found));
    }

    private static int Desired(KubernetesObject found) =>
        found.Field("spec", "replicas") is { ValueKind: JsonValueKind.Number } ? Number(found, "spec", "replicas") : 1;

    private static bool IsOnDelete(KubernetesObject found) =>
        found.Field("spec", "updateStrategy") is { } strategy && ObjectFacts.Text(strategy, "type") == "OnDelete";
}
