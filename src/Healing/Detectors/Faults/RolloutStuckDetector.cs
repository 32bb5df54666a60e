using System.Globalization;

namespace Heal.Healing;

internal sealed class RolloutStuckDetector(RolloutStuckSetting setting) : Detector<ObservedWorkload>(
    new DetectorInfo("rollout-stuck", "KubeDeploymentRolloutStuck",
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        "A Deployment's condition Progressing is False (its own deadline is over), or a StatefulSet or DaemonSet that is not rolled out "
            + "has made no progress for `NoProgressFor`.",
        "A rollout that goes on, a paused one, a workload that is scaled to zero or being deleted.")
    {
        OtherAlerts = [OfStatefulSet, OfDaemonSet],
    },
    setting)
{
    private const string OfStatefulSet = "KubeStatefulSetUpdateNotRolledOut";
    private const string OfDaemonSet = "KubeDaemonSetRolloutStuck";

    protected override Judgement Judge(ObservedWorkload workload, Look look)
    {
        if (workload.IsPaused || workload.Desired == 0 || workload.Info.DeletedAt is not null) return Judgement.None;
        return workload.Info.Kind == TargetKinds.Deployment ? OfDeployment(workload) : OfOther(workload, look);
    }

    private static Judgement OfDeployment(ObservedWorkload workload) =>
        workload.IsObserved && workload.Condition("Progressing") is { Status: "False" } progressing
            ? Judgement.Firing(
                progressing.Since ?? workload.Info.CreatedAt,
                $"the rollout of {workload.Info} does not go on: {progressing.Reason}",
                progressing.ToString(), Counts(workload)).With("condition", "Progressing")
            : Judgement.None;

    private Judgement OfOther(ObservedWorkload workload, Look look)
    {
        if (workload.IsRolledOut) return Judgement.None with { Memory = DetectorMemory.Empty };
        // Changes whenever one more pod is updated or gets ready.
        var progress = (workload.Updated * 100_000d) + workload.Ready;
        var memory = look.Memory.Last?.Value == progress ? look.Memory : DetectorMemory.Empty.With(look.Now, progress);
        var alert = workload.Info.Kind == TargetKinds.StatefulSet ? OfStatefulSet : OfDaemonSet;
        var since = memory.Last!.Value.At;
        return Judgement.After(setting.NoProgressFor, since, look, $"{workload.Info} makes no progress", Counts(workload))
            with { Memory = memory, Alert = alert, BeganUnseen = look.WasThereBefore(since) };
    }

    private static string Counts(ObservedWorkload workload) => string.Create(
        CultureInfo.InvariantCulture, $"{workload.Updated} of {workload.Desired} updated, {workload.Ready} ready");
}
