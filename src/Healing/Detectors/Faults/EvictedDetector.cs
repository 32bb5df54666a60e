namespace Heal.Healing;

internal sealed class EvictedDetector(EvictedSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("evicted", "KubePodEvicted", [TargetKinds.Pod],
        "The kubelet evicted `Pods` pods of one owner within `Window`.",
        "A drain (it leaves no failed pod), a single eviction, evictions longer ago than `Window`.")
    {
        ForPeople = "The kubelet has made room already, and the owner makes other pods. Whether the node is too small or a pod takes too "
            + "much is for people to say.",
    },
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look)
    {
        if (!IsRecent(pod, look)) return Judgement.None;
        var owner = look.Cluster.TopOwner(pod).Owner;
        var evicted = look.Cluster.All<ObservedPod>(TargetKinds.Pod, pod.Info.Namespace)
            .Where(other => IsRecent(other, look) && look.Cluster.TopOwner(other).Owner.Uid == owner.Uid).ToList();
        if (evicted.Count < setting.Pods) return Judgement.None;
        return Judgement.Firing(
            At(pod), $"{evicted.Count} pods of {owner} were evicted",
            [.. evicted.Take(5).Select(other => $"pod {other.Info.Name}: {other.Reason}: {other.Message}")]).With("reason", "Evicted");
    }

    private bool IsRecent(ObservedPod pod, Look look) =>
        pod is { Phase: "Failed", Reason: "Evicted" } && look.Now - At(pod) <= setting.Window;

    private static DateTimeOffset At(ObservedPod pod) =>
        pod.Condition("DisruptionTarget")?.Since ?? pod.Condition("Ready")?.Since
        ?? pod.Containers.Select(c => c.LastExit?.At).Max() ?? pod.Info.CreatedAt;
}
