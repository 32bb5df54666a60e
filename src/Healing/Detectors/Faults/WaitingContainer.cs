namespace Heal.Healing;

/// <summary>What the detectors of containers that cannot start have in common.</summary>
internal static class WaitingContainer
{
    public static Judgement Judge(ObservedPod pod, Look look, TimeSpan hold, Func<ObservedContainer, bool> isStuck)
    {
        if (pod.IsLeaving || pod.Containers.FirstOrDefault(isStuck) is not { } container) return Judgement.None;
        // A container that waits has no time of its own: the pod has not been ready since.
        var since = pod.Condition("Ready")?.Since ?? pod.Info.CreatedAt;
        // The kubelet wavers between the failure and the back-off from it: remember when the first of both was seen.
        var seen = look.Memory.Last is { } sample && sample.At >= since ? sample.At : look.Now;
        return Judgement.After(
                hold, seen, look, $"container '{container.Name}' of pod {pod.Info.Name} cannot start: {container.Waiting}",
                $"{container.Path}.state.waiting: {container.Waiting}: {container.WaitingMessage}",
                $"not ready since {since:u}")
            .With("container", container.Name).With("reason", container.Waiting) is var judged && judged.Kind == JudgementKind.Firing
                ? judged with { At = since, Memory = DetectorMemory.Empty.With(seen, 1) }
                : judged with { Memory = DetectorMemory.Empty.With(seen, 1) };
    }
}

internal sealed class ImagePullDetector(HoldingSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("image-pull", "ImagePullBackOffPersistent", [TargetKinds.Pod],
        "A container's image cannot be pulled: ErrImagePull, ImagePullBackOff, InvalidImageName or ErrImageNeverPull for `Hold`.",
        "A pull that succeeds at the next try, pods that are being deleted."),
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look) => WaitingContainer.Judge(
        pod, look, setting.Hold,
        c => c.Waiting is "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull" or "ImageInspectError"
            or "RegistryUnavailable" or "SignatureValidationFailed");
}

internal sealed class ContainerConfigDetector(HoldingSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("container-config", "KubeContainerWaiting", [TargetKinds.Pod],
        "A container cannot be made: CreateContainerConfigError, CreateContainerError or RunContainerError for `Hold` "
            + "(a ConfigMap, Secret or key that is not there, a command that does not exist).",
        "A ConfigMap or Secret that arrives shortly after its pod, pods that are being deleted."),
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look) => WaitingContainer.Judge(
        pod, look, setting.Hold, c => c.Waiting is "CreateContainerConfigError" or "CreateContainerError" or "RunContainerError");
}
