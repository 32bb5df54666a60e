using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>
/// Which API group a kind of target is in, and which of its versions have the fields that are looked at. Kinds that are not listed are
/// named <c>Kind.group</c>, for example <c>Rollout.argoproj.io</c>.
/// </summary>
internal static class KindCatalogue
{
    // Without versions: the fields are the same in all of them, and the server's preferred one is taken.
    private static readonly Dictionary<string, (string Group, string[] Versions)> Known = new(StringComparer.Ordinal)
    {
        ["Certificate"] = ("cert-manager.io", []),
        ["ConfigMap"] = ("", []),
        ["ControllerRevision"] = ("apps", []),
        ["CronJob"] = ("batch", ["v1", "v1beta1"]),
        ["DaemonSet"] = ("apps", []),
        ["Deployment"] = ("apps", []),
        ["EndpointSlice"] = ("discovery.k8s.io", ["v1", "v1beta1"]),
        ["Endpoints"] = ("", []),
        ["Event"] = ("", []),
        ["HorizontalPodAutoscaler"] = ("autoscaling", ["v2", "v2beta2", "v1"]),
        ["Job"] = ("batch", ["v1"]),
        ["LimitRange"] = ("", []),
        ["Namespace"] = ("", []),
        ["NetworkPolicy"] = ("networking.k8s.io", []),
        ["Node"] = ("", []),
        ["NodeMetrics"] = ("metrics.k8s.io", ["v1beta1"]),
        ["PersistentVolume"] = ("", []),
        ["PersistentVolumeClaim"] = ("", []),
        ["Pod"] = ("", []),
        ["PodDisruptionBudget"] = ("policy", ["v1", "v1beta1"]),
        ["PodMetrics"] = ("metrics.k8s.io", ["v1beta1"]),
        ["ReplicaSet"] = ("apps", []),
        ["ReplicationController"] = ("", []),
        ["ResourceQuota"] = ("", []),
        ["Secret"] = ("", []),
        ["Service"] = ("", []),
        ["StatefulSet"] = ("apps", []),
        ["StorageClass"] = ("storage.k8s.io", ["v1"]),
    };

    /// <summary>Null for a kind that is neither known nor named with its group.</summary>
    public static ResourceKind? Find(string kind)
    {
        if (Known.TryGetValue(kind, out var known)) return new ResourceKind(known.Group, kind);
        var dot = kind.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && dot < kind.Length - 1 ? new ResourceKind(kind[(dot + 1)..], kind[..dot]) : null;
    }

    /// <summary>The best of the versions that the server has; when it has none of them, whichever it prefers.</summary>
    public static async Task<ResourceKind> ServedAsync(IKubernetesClient client, ResourceKind kind, CancellationToken cancellationToken)
    {
        if (kind.Version is not null || !Known.TryGetValue(kind.Kind, out var known) || known.Group != kind.Group) return kind;
        foreach (var version in known.Versions)
        {
            var candidate = kind with { Version = version };
            if (await client.DiscoverAsync(candidate, cancellationToken) is not null) return candidate;
        }

        return kind;
    }
}
