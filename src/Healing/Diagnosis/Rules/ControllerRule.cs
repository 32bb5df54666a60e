namespace Heal.Healing;

/// <summary>
/// What the controller of the target itself says is wrong, for targets that keep no replicas: a Job that failed, a claim without a volume,
/// a Service without backends, a pod that does not go.
/// </summary>
internal sealed class ControllerRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var target = symptoms.Evidence.Object;
        var cause = target switch
        {
            null => null,
            { DeletingSince: not null, Kind: "Pod" } => Causes.PodStuckTerminating,
            { Kind: "Job" } => Causes.JobFailed,
            { Kind: "PersistentVolumeClaim" } => target.Fact("status.phase") == "Lost" ? Causes.VolumeLost : Causes.VolumeNotBound,
            { Kind: "Service" } => Causes.EndpointsEmpty,
            _ => null,
        };
        if (cause is null) return Finding.Reject(Causes.JobFailed, "the target is nothing whose own controller would name a fault");
        return ObjectHealth.Judge(symptoms.Evidence) is { Verdict: DetectionVerdict.Faulty } fault
            ? Finding.Accept(cause, Confidence(cause, symptoms), fault.Reason, fault.Evidence)
            : Finding.Reject(cause, "its controller reports no fault", target!.Id);
    }

    // Pods that fail behind a Service or a Job are the cause, and this is what follows from it.
    private static double Confidence(string cause, Symptoms symptoms) =>
        symptoms.Failing.Count == 0 ? 0.85 : cause == Causes.JobFailed ? 0.7 : 0.35;
}
