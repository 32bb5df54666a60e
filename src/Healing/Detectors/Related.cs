namespace Heal.Healing;

/// <summary>Which other objects may be judged otherwise because one has changed.</summary>
internal static class Related
{
    public static IReadOnlyList<Observed> To(Observed changed, Observed? before, ClusterPicture cluster)
    {
        var ns = changed.Info.Namespace;
        IEnumerable<Observed> related = changed switch
        {
            ObservedBackends backends => cluster.Find(new ObservedKey(TargetKinds.Service, ns, backends.Service)) is { } service
                ? [service] : [],
            ObservedWorkload workload => OfWorkload(workload, before as ObservedWorkload, cluster),
            ObservedNode node when node.CordonedAt != (before as ObservedNode)?.CordonedAt =>
                cluster.All<ObservedBudget>(TargetKinds.PodDisruptionBudget),
            ObservedPod pod when before is null || pod.Node != ((ObservedPod)before).Node || pod == before =>
                cluster.All<ObservedBudget>(TargetKinds.PodDisruptionBudget, ns)
                    .Where(budget => budget.Allowed == 0 && budget.Selector.Matches(pod.Info.Labels)),
            ObservedJob { Complete.IsTrue: true } => cluster.All<ObservedJob>(TargetKinds.Job, ns),
            ObservedNamespace space when before is not ObservedNamespace old || space.IsTerminating != old.IsTerminating
                || HasOtherMarks(space, old) => cluster.InNamespace(space.Info.Name),
            _ => [],
        };
        return [.. related];
    }

    private static IEnumerable<Observed> OfWorkload(ObservedWorkload workload, ObservedWorkload? before, ClusterPicture cluster)
    {
        var ns = workload.Info.Namespace;
        IEnumerable<Observed> related = cluster.All<ObservedQuota>(TargetKinds.ResourceQuota, ns);
        if (workload.Info.Kind == TargetKinds.ReplicaSet)
        {
            // Through it the marks of its Deployment hold for pods that came before it.
            return before is not null ? related
                : related.Concat(cluster.All<ObservedPod>(TargetKinds.Pod, ns).Where(pod => pod.Info.Owner?.Uid == workload.Info.Uid));
        }

        related = related.Concat(cluster.All<ObservedService>(TargetKinds.Service, ns)
            .Where(service => service.Selector?.Matches(workload.TemplateLabels) == true));
        // The marks of a workload hold for its pods.
        return HasOtherMarks(workload, before)
            ? related.Concat(cluster.All<ObservedPod>(TargetKinds.Pod, ns)) : related;
    }

    /// <param name="before">Null: nobody knew of any marks.</param>
    private static bool HasOtherMarks(Observed now, Observed? before) =>
        now.Info.IsMarked != (before?.Info.IsMarked == true) || now.Info.MaintenanceUntil != before?.Info.MaintenanceUntil;
}
