using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>
/// A Deployment that was well and whose new revision cannot pull its image. Its controller makes the pods; where no kubelet takes them,
/// their status is written here.
/// </summary>
internal static class BrokenDeployment
{
    public const string Name = "shop";
    private const string Missing = "registry.example/shop/main:missing";

    /// <summary>Until its controller has made the pods.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <returns>Its name.</returns>
    public static async Task<string> CreateAsync(KubernetesClient client, Settings settings, string ns)
    {
        if (ns != Settings.Namespace)
            await client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = ns } });
        var deployment = Objects.Deployment(Name, ns, Settings.Replicas);
        await client.CreateAsync(ResourceKind.Of<Deployment>(), KubernetesObject.FromJson<KubernetesObject>(deployment));
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        await using var caches = new KubernetesCaches(
            client, new CacheOptions(), TimeProvider.System, NullLogger<KubernetesCaches>.Instance);
        var pods = caches.Of<Pod>(new CacheScope { Namespace = ns, LabelSelector = $"app.kubernetes.io/name={Name}" });
        await ReachAsync(
            client, settings, pods, all => all.Count(pod => pod.Status?.Condition("Ready")?.IsTrue == true) >= Settings.Replicas,
            limit.Token);
        await client.PatchAsync<Deployment>(ns, Name, Patch.Json(
            JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create(Missing))), null, limit.Token);
        await ReachAsync(client, settings, pods, all => all.Count(IsWaiting) >= Settings.Replicas / 4, limit.Token);
        return Name;
    }

    private static async Task ReachAsync(
        KubernetesClient client, Settings settings, IObjectCache<Pod> pods, Func<IReadOnlyList<Pod>, bool> isReached,
        CancellationToken cancellationToken)
    {
        await pods.WaitForSyncAsync(cancellationToken);
        var written = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var change in pods.ChangesAsync(null, cancellationToken))
        {
            if (isReached(pods.All()))
                return;
            if (settings.Kubeconfig is null || change.New is not { Metadata: { Uid: { } uid, DeletionTimestamp: null } } pod
                || pod.Status?.ContainerStatuses is not null || !written.Add(uid))
                continue;
            var status = IsOfBadRevision(pod) ? Objects.WaitingStatus(Missing) : Objects.PodStatus(written.Count);
            await client.PatchAsync<Pod>(
                pod.Metadata.Namespace!, pod.Metadata.Name!, Patch.Merge(status), new WriteOptions { Subresource = "status" },
                cancellationToken);
        }
    }

    private static bool IsOfBadRevision(Pod pod) => pod.Spec?.Containers is [{ Image: Missing }, ..];

    private static bool IsWaiting(Pod pod) =>
        IsOfBadRevision(pod) && pod.Status?.ContainerStatuses?.Any(status => status.State?.Waiting?.Reason == "ImagePullBackOff") == true;
}
