namespace Heal.Healing;

internal sealed class AutoscalerAtMaximumDetector(HoldingSetting setting) : Detector<ObservedAutoscaler>(
    new DetectorInfo("autoscaler-at-maximum", "KubeHpaMaxedOut", [TargetKinds.HorizontalPodAutoscaler],
        "An autoscaler runs its maximum of replicas and wants more (condition ScalingLimited, reason TooManyReplicas) for `Hold`.",
        "An autoscaler with equal minimum and maximum, one that is at its maximum and content with it, one that scales up."),
    setting)
{
    protected override Judgement Judge(ObservedAutoscaler autoscaler, Look look)
    {
        if (autoscaler.Info.DeletedAt is not null || autoscaler.Minimum >= autoscaler.Maximum) return Judgement.None;
        if (autoscaler.Current < autoscaler.Maximum || autoscaler.Limited is not { IsTrue: true, Reason: "TooManyReplicas" } limited)
        {
            return Judgement.None;
        }

        return Judgement.After(
            setting.Hold, limited.Since ?? autoscaler.Info.CreatedAt, look,
            $"{autoscaler.Info} runs its maximum of {autoscaler.Maximum} replicas and wants more",
            limited.ToString(), $"status.currentReplicas: {autoscaler.Current}", $"spec.maxReplicas: {autoscaler.Maximum}");
    }
}
