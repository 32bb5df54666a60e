using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>A Deployment with its ReplicaSets as read, and what the domain wants to know of them. Collecting and acting judge on the same
/// facts.</summary>
internal sealed record DeploymentFacts(
    Deployment Deployment, IReadOnlyList<ReplicaSet> ReplicaSets, WorkloadEvidence Workload, IReadOnlyList<RevisionEvidence> Revisions)
{
    /// <param name="removedHashes">Templates that the healer removed from this target before.</param>
    public static async Task<DeploymentFacts> ReadAsync(
        IKubernetesClient client, Deployment deployment, IReadOnlyCollection<string> removedHashes, CancellationToken cancellationToken)
    {
        var selector = deployment.Spec?.Selector?.ToString();
        var list = await client.ListAsync<ReplicaSet>(
            deployment.Metadata.Namespace, new ListOptions { LabelSelector = selector }, cancellationToken);
        return Of(deployment, list.Items, removedHashes);
    }

    /// <param name="sets">Those of others are left out.</param>
    public static DeploymentFacts Of(Deployment deployment, IEnumerable<ReplicaSet> sets, IReadOnlyCollection<string> removedHashes)
    {
        IReadOnlyList<ReplicaSet> owned =
        [
            .. sets.Where(set => set.Metadata.ControllerOwner()?.Uid == deployment.Metadata.Uid)
                .OrderByDescending(set => set.Revision() ?? 0).Take(EvidenceLimits.Revisions),
        ];
        var workload = Describe(deployment);
        var revisions = RevisionHealth.Judge([.. owned.Select(Describe)], workload.Condition("Available"), removedHashes);
        return new DeploymentFacts(deployment, owned, workload, revisions);
    }

    public ReplicaSet? Set(RevisionEvidence revision) => ReplicaSets.FirstOrDefault(set => set.Metadata.Uid == revision.Uid);

    public static string TemplateHash(Deployment deployment) => PodTemplates.Hash(deployment.Spec?.Template ?? new JsonObject());

    public static WorkloadEvidence Describe(Deployment deployment)
    {
        var (metadata, status) = (deployment.Metadata, deployment.Status ?? new DeploymentStatus());
        return new WorkloadEvidence(
            $"deployment/{metadata.Name}",
            metadata.Uid ?? "",
            metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            metadata.Generation ?? 0,
            status.ObservedGeneration ?? 0,
            deployment.Spec?.Replicas ?? 1,
            status.UpdatedReplicas,
            status.ReadyReplicas,
            status.AvailableReplicas,
            deployment.Spec?.Paused == true,
            metadata.DeletionTimestamp is not null,
            TemplateHash(deployment),
            Ownership.Of(metadata),
            FieldManagers.OfTemplate(metadata),
            [.. (status.Conditions ?? []).Select(Describe)]);
    }

    private static ConditionEvidence Describe(Condition condition) => new(
        condition.Type,
        condition.IsTrue,
        SafeText.Line(condition.Reason, EvidenceLimits.MessageLength),
        SafeText.Line(Scrubber.Scrub(condition.Message ?? ""), EvidenceLimits.MessageLength),
        condition.LastTransitionTime);

    private static RevisionEvidence Describe(ReplicaSet set) => new(
        $"replicaset/{set.Metadata.Name}",
        set.Metadata.Name ?? "",
        set.Metadata.Uid ?? "",
        set.Revision() ?? 0,
        set.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
        set.Status?.Replicas ?? 0,
        set.Status?.ReadyReplicas ?? 0,
        PodTemplates.Hash(set.Spec?.Template ?? new JsonObject()),
        [.. (set.Spec?.PodSpec().Containers ?? []).Select(container => SafeText.Line(container.Image, EvidenceLimits.MessageLength))],
        null,
        null,
        null);
}
