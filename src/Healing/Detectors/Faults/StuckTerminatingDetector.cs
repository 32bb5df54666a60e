namespace Heal.Healing;

internal sealed class StuckTerminatingDetector(HoldingSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("stuck-terminating", "KubePodStuckTerminating", [TargetKinds.Pod],
        "A pod is still there `Hold` after the end of its grace.",
        "Pods within their grace, and pods of a node that is not ready: that node is the fault.")
    {
        ForPeople = "A pod may be taken out of the API only on proof that its node is dead, and here its node is ready: a "
            + "kubelet, a volume or a finalizer holds it, and whoever knows that one lets it go.",
    },
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look)
    {
        if (pod.Info.DeletedAt is not { } due) return Judgement.None;
        if (look.Cluster.Node(pod.Node) is { IsReady: false }) return Judgement.None;
        // Of all times only this one lies ahead as long as all is well: no sign of a clock that is behind.
        if (look.Now < due) return Judgement.Suspect(due + setting.Hold);
        var finalizers = pod.Finalizers.Count == 0 ? "no finalizers" : $"finalizers {string.Join(", ", pod.Finalizers)}";
        return Judgement.After(
            setting.Hold, due, look, $"pod {pod.Info.Name} ought to be gone since {due:u}",
            $"metadata.deletionTimestamp: {due:u}", finalizers, $"node {pod.Node}");
    }
}
