using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// The pods that tell of a target of any kind, with one list: by the workload's selector, by node, by namespace, or out of the namespace's
/// pods by claim or owner. Null when they could not be read.
/// </summary>
internal static class PodFinder
{
    private const string Part = "pods";
    private static readonly ResourceKind Pods = ResourceKind.Of<Pod>();

    public static async Task<IReadOnlyList<Pod>?> FindAsync(PartReader reader, Subject subject)
    {
        var target = subject.Object;
        var own = target.Kind == "Pod" ? KubernetesObject.FromJson<Pod>(target.ToJson()) : null;
        if (own is not null && subject.Workload is null) return [own];
        var found = subject.Workload is { } workload
            ? await OfWorkloadAsync(reader, subject.Namespace, workload)
            : await OfOtherAsync(reader, subject);
        if (own is null || found?.Any(pod => pod.Metadata.Uid == own.Metadata.Uid) == true) return found;
        return [own, .. found ?? []];
    }

    private static async Task<IReadOnlyList<Pod>?> OfWorkloadAsync(PartReader reader, string ns, KubernetesObject workload)
    {
        if (workload.Kind == "CronJob") return await OfCronJobAsync(reader, ns, workload);
        if (Selection.Of(workload.Field("spec", "selector")) is not { } selector) return [];
        var pods = await reader.ListAsync<Pod>(Part, Pods, ns, new ListOptions { LabelSelector = selector.ToString() });

        // Pods of a Deployment are owned by its ReplicaSets: the history, read beside, says which.
        return workload.Kind == "Deployment" ? pods : OwnedBy(pods, [workload.Metadata.Uid]);
    }

    private static async Task<IReadOnlyList<Pod>?> OfCronJobAsync(PartReader reader, string ns, KubernetesObject workload)
    {
        var jobs = reader.ListAsync<KubernetesObject>("jobs", KindCatalogue.Find("Job")!, ns);
        var pods = reader.ListAsync<Pod>(Part, Pods, ns, new ListOptions { LabelSelector = "job-name" });
        var own = (await jobs ?? []).Where(job => job.Metadata.ControllerOwner()?.Uid == workload.Metadata.Uid);
        return OwnedBy(await pods, own.Select(job => job.Metadata.Uid));
    }

    private static async Task<IReadOnlyList<Pod>?> OfOtherAsync(PartReader reader, Subject subject)
    {
        var (target, ns) = (subject.Object, subject.Namespace);
        switch (subject.Kind)
        {
            case "Node":
                var onNode = new ListOptions { FieldSelector = $"spec.nodeName={FieldSelector.Escape(target.Metadata.Name!)}" };
                return await reader.ListAsync<Pod>(Part, Pods, null, onNode);
            case "Namespace":
                return await reader.ListAsync<Pod>(Part, Pods, ns);
            case "PersistentVolumeClaim":
                var all = await reader.ListAsync<Pod>(Part, Pods, ns);
                return all is null ? null : [.. all.Where(pod => Claims(pod).Contains(target.Metadata.Name))];
            case "ConfigMap" or "Secret" or "ResourceQuota" or "LimitRange" or "StorageClass" or "PersistentVolume":
                return [];
        }

        if (ns.Length == 0) return [];
        if (Selection.Of(target.Field("spec", "selector")) is { } selector)
        {
            // A policy without any term selects all; a Service without a selector has none and is not here.
            var selected = new ListOptions { LabelSelector = selector.ToString() };
            return await reader.ListAsync<Pod>(Part, Pods, ns, selected);
        }

        return OwnedBy(await reader.ListAsync<Pod>(Part, Pods, ns), [target.Metadata.Uid]);
    }

    public static IEnumerable<string> Claims(Pod pod) =>
        (pod.Spec?.Volumes ?? []).Select(volume => volume.PersistentVolumeClaim?.ClaimName).OfType<string>();

    private static IReadOnlyList<Pod>? OwnedBy(IReadOnlyList<Pod>? pods, IEnumerable<string?> owners)
    {
        var uids = owners.OfType<string>().ToHashSet(StringComparer.Ordinal);
        return pods is null ? null : [.. pods.Where(pod => (pod.Metadata.OwnerReferences ?? []).Any(owner => uids.Contains(owner.Uid)))];
    }
}
