namespace Heal.Healing;

internal sealed class UnschedulableDetector(HoldingSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("unschedulable", "KubePodNotScheduled", [TargetKinds.Pod],
        "The scheduler has found no node for a pod for `Hold`; its reason is the evidence.",
        "Pods that wait for a gate, that have just been made, or that are being deleted."),
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look)
    {
        if (pod.IsLeaving || pod.Condition("PodScheduled") is not { Status: "False", Reason: "Unschedulable" } scheduled)
        {
            return Judgement.None;
        }

        return Judgement.After(
            setting.Hold, scheduled.Since ?? pod.Info.CreatedAt, look,
            $"no node takes pod {pod.Info.Name}: {scheduled.Message}", scheduled.ToString()).With("reason", "Unschedulable");
    }
}
