namespace Heal.Healing;

/// <summary>
/// A container that the kubelet backs off from after repeated ends. Between two crashes the container runs for a moment: that is calm, and
/// calm must last before the loop counts as over.
/// </summary>
internal sealed class CrashLoopDetector(CrashLoopSetting setting) : Detector<ObservedPod>(
    new DetectorInfo("crash-loop", "KubePodCrashLooping", [TargetKinds.Pod],
        "A container waits in CrashLoopBackOff and has been restarted at least `Restarts` times.",
        "Pods of Jobs (a Job counts its retries itself, but those of sidecars nobody does), pods that are being deleted, fewer restarts."),
    setting)
{
    protected override Judgement Judge(ObservedPod pod, Look look)
    {
        if (pod.IsLeaving) return Judgement.None;
        if (pod.Containers.FirstOrDefault(c => c.Waiting == "CrashLoopBackOff" && c.Restarts >= setting.Restarts
            && (!pod.IsOfJob || c.IsSidecar)) is not { } container)
        {
            return Judgement.None;
        }

        var exit = container.LastExit;
        var how = exit is null ? "" : $", last ended with code {exit.Code}{(exit.Reason is null ? "" : $" ({exit.Reason})")}";
        return Judgement.Firing(
                exit?.At ?? pod.Info.CreatedAt,
                $"container '{container.Name}' of pod {pod.Info.Name} has been restarted {container.Restarts} times{how}",
                $"{container.Path}.restartCount: {container.Restarts}",
                $"{container.Path}.state.waiting.reason: {container.Waiting}",
                $"{container.Path}.lastState.terminated: exit code {exit?.Code}, {exit?.Reason} at {exit?.At:u}")
            .With("container", container.Name).With("reason", container.Waiting);
    }
}
