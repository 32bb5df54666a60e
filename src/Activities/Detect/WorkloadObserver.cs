using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

internal static class WorkloadObserver
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public static ObservedWorkload Of(Deployment deployment)
    {
        var (spec, status) = (deployment.Spec ?? new DeploymentSpec(), deployment.Status ?? new DeploymentStatus());
        return new ObservedWorkload(
            Observer.Info(deployment, TargetKinds.Deployment), spec.Replicas ?? 1, status.UpdatedReplicas, status.ReadyReplicas,
            status.ObservedGeneration >= deployment.Metadata.Generation, spec.Paused == true, TemplateLabels(spec.Template),
            Observer.Conditions(status.Conditions));
    }

    public static ObservedWorkload Of(StatefulSet set)
    {
        var (spec, status) = (set.Spec ?? new StatefulSetSpec(), set.Status ?? new StatefulSetStatus());
        // When all pods have the newest revision the controller counts them as current and no longer as updated.
        var updated = status.UpdateRevision == status.CurrentRevision ? status.Replicas : status.UpdatedReplicas;
        // Pods above a partition, or all of them with OnDelete, wait for somebody: that is meant so.
        var isManual = (string?)spec.UpdateStrategy?["type"] == "OnDelete"
            || (int?)spec.UpdateStrategy?["rollingUpdate"]?["partition"] is > 0;
        return new ObservedWorkload(
            Observer.Info(set, TargetKinds.StatefulSet), spec.Replicas ?? 1, isManual ? spec.Replicas ?? 1 : updated,
            status.ReadyReplicas, status.ObservedGeneration >= set.Metadata.Generation, false, TemplateLabels(spec.Template), []);
    }

    public static ObservedWorkload Of(DaemonSet set)
    {
        var (spec, status) = (set.Spec ?? new DaemonSetSpec(), set.Status ?? new DaemonSetStatus());
        var isManual = (string?)spec.UpdateStrategy?["type"] == "OnDelete";
        return new ObservedWorkload(
            Observer.Info(set, TargetKinds.DaemonSet), status.DesiredNumberScheduled,
            isManual ? status.DesiredNumberScheduled : status.UpdatedNumberScheduled, status.NumberReady,
            status.ObservedGeneration >= set.Metadata.Generation, false, TemplateLabels(spec.Template), []);
    }

    /// <summary>A ReplicaSet is only a step on the way to its Deployment: its metadata says that.</summary>
    public static ObservedWorkload OfReplicaSet(KubernetesObject set) =>
        new(Observer.Info(set, TargetKinds.ReplicaSet), 0, 0, 0, false, false, NoLabels, []);

    private static IReadOnlyDictionary<string, string> TemplateLabels(JsonObject? template) =>
        template is null ? NoLabels : PodTemplate.Metadata(template).Labels ?? NoLabels;
}
