namespace Heal.Healing;

internal sealed class JobFailedDetector(JobFailedSetting setting) : Detector<ObservedJob>(
    new DetectorInfo("job-failed", "KubeJobFailed", [TargetKinds.Job],
        "A Job has given up: its condition Failed is True.",
        "A Job that retries, one that failed longer ago than `MaximumAge` when it is first seen, "
            + "one whose owner has run a later Job with success."),
    setting)
{
    protected override Judgement Judge(ObservedJob job, Look look)
    {
        if (job.Failed is not { IsTrue: true } failed || job.Info.DeletedAt is not null) return Judgement.None;
        var since = failed.Since ?? job.Info.CreatedAt;
        if (!look.WasFiring && look.Now - since > setting.MaximumAge) return Judgement.None;
        if (IsMadeGood(job, look)) return Judgement.None;
        return Judgement.Firing(
            since, $"Job {job.Info.Name} failed: {failed.Reason}", failed.ToString(), $"status.failed: {job.Retries} pods")
            .With("reason", failed.Reason);
    }

    private static bool IsMadeGood(ObservedJob job, Look look) => job.Info.Owner is { } owner
        && look.Cluster.All<ObservedJob>(TargetKinds.Job, job.Info.Namespace).Any(other =>
            other.Info.Owner?.Uid == owner.Uid && other.Info.CreatedAt > job.Info.CreatedAt && other.Complete is { IsTrue: true });
}
