using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>The Deployments beside the target that are not ready: an action must not make them more.</summary>
internal static class Neighbours
{
    private const int Limit = 200;

    public static async Task<IReadOnlyList<string>> UnreadyAsync(
        IKubernetesClient client, TargetReference target, CancellationToken cancellationToken)
    {
        var list = await client.ListAsync<Deployment>(target.Namespace, new ListOptions { Limit = Limit }, cancellationToken);
        return
        [
            .. list.Items
                .Where(item => item.Metadata.Name != target.Name && (item.Status?.ReadyReplicas ?? 0) < (item.Spec?.Replicas ?? 1))
                .Select(item => item.Metadata.Name ?? "").Order(StringComparer.Ordinal),
        ];
    }
}
