using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// The Deployments beside the target that are not ready: an action must not make them more. One that is being rolled out, or whose rollout
/// got stuck, is not ready because of its own change: a remedy is not taken back for what somebody else does beside it.
/// </summary>
internal static class Neighbours
{
    private const int Limit = 200;

    // Of a Deployment whose last rollout went through; what it lacks now it had before.
    private static readonly string[] Settled = ["NewReplicaSetAvailable", "DeploymentPaused", "DeploymentResumed"];

    public static async Task<IReadOnlyList<string>> UnreadyAsync(
        IKubernetesClient client, TargetReference target, CancellationToken cancellationToken)
    {
        var list = await client.ListAsync<Deployment>(target.Namespace, new ListOptions { Limit = Limit }, cancellationToken);
        return
        [
            .. list.Items
                .Where(item => item.Metadata.Name != target.Name && IsUnready(item))
                .Select(item => item.Metadata.Name ?? "").Order(StringComparer.Ordinal),
        ];
    }

    internal static bool IsUnready(Deployment neighbour) =>
        (neighbour.Status?.ReadyReplicas ?? 0) < (neighbour.Spec?.Replicas ?? 1) && !ChangesByItself(neighbour);

    private static bool ChangesByItself(Deployment neighbour) =>
        neighbour.Metadata.DeletionTimestamp is not null
        || neighbour.Status?.ObservedGeneration < neighbour.Metadata.Generation
        || (neighbour.Status?.Condition("Progressing")?.Reason is { } reason && !Settled.Contains(reason));
}
