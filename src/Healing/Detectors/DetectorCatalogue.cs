namespace Heal.Healing;

/// <summary>All detectors, with their settings.</summary>
public static class DetectorCatalogue
{
    /// <summary>Each detector beside its setting's name.</summary>
    public static IReadOnlyList<(string Setting, DetectorSetting Value, IDetector Detector)> All(DetectorSettings settings) =>
    [
        (nameof(settings.CrashLoop), settings.CrashLoop, new CrashLoopDetector(settings.CrashLoop)),
        (nameof(settings.OutOfMemory), settings.OutOfMemory, new OutOfMemoryDetector(settings.OutOfMemory)),
        (nameof(settings.ImagePull), settings.ImagePull, new ImagePullDetector(settings.ImagePull)),
        (nameof(settings.ContainerConfig), settings.ContainerConfig, new ContainerConfigDetector(settings.ContainerConfig)),
        (nameof(settings.RolloutStuck), settings.RolloutStuck, new RolloutStuckDetector(settings.RolloutStuck)),
        (nameof(settings.Unschedulable), settings.Unschedulable, new UnschedulableDetector(settings.Unschedulable)),
        (nameof(settings.JobFailed), settings.JobFailed, new JobFailedDetector(settings.JobFailed)),
        (nameof(settings.StuckTerminating), settings.StuckTerminating, new StuckTerminatingDetector(settings.StuckTerminating)),
        (nameof(settings.Evicted), settings.Evicted, new EvictedDetector(settings.Evicted)),
        (nameof(settings.NodeNotReady), settings.NodeNotReady, new NodeNotReadyDetector(settings.NodeNotReady)),
        (nameof(settings.NodePressure), settings.NodePressure, new NodePressureDetector(settings.NodePressure)),
        (nameof(settings.NodeProblem), settings.NodeProblem, new NodeProblemDetector(settings.NodeProblem)),
        (nameof(settings.NodeCordoned), settings.NodeCordoned, new NodeCordonedDetector(settings.NodeCordoned)),
        (nameof(settings.VolumeFilling), settings.VolumeFilling, new VolumeFillingDetector(settings.VolumeFilling)),
        (nameof(settings.AutoscalerAtMaximum), settings.AutoscalerAtMaximum,
            new AutoscalerAtMaximumDetector(settings.AutoscalerAtMaximum)),
        (nameof(settings.BudgetDeadlock), settings.BudgetDeadlock, new BudgetDeadlockDetector(settings.BudgetDeadlock)),
        (nameof(settings.EndpointWithoutBackends), settings.EndpointWithoutBackends,
            new EndpointWithoutBackendsDetector(settings.EndpointWithoutBackends)),
        (nameof(settings.QuotaExhausted), settings.QuotaExhausted, new QuotaExhaustedDetector(settings.QuotaExhausted)),
    ];
}
