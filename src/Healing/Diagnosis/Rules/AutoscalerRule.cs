namespace Heal.Healing;

/// <summary>The autoscaler wants more replicas than its ceiling allows. About the target itself it is the cause; beside a workload that
/// fails it is a weak one.</summary>
internal sealed class AutoscalerRule : IDiagnosisRule
{
    private const string Kind = "HorizontalPodAutoscaler";

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        const string Cause = Causes.AutoscalerAtMaximum;
        var evidence = symptoms.Evidence;
        if (evidence.Object is { Kind: Kind } target)
        {
            return Autoscaling.IsAtMaximum(target.Condition("ScalingLimited"), target.Fact)
                ? Finding.Accept(Cause, symptoms.Failing.Count > 0 ? 0.4 : 0.9,
                    $"{Kind} '{target.Name}': {Autoscaling.Describe(target.Fact)}", target.Id)
                : Finding.Reject(Cause, "the autoscaler is not held back by its maximum", target.Id);
        }

        var limited = evidence.Related.FirstOrDefault(item => item.Kind == Kind
            && Autoscaling.IsAtMaximum(item.Condition("ScalingLimited"), item.Fact));
        return limited is null
            ? Finding.Reject(Cause, "no autoscaler of the workload is at its maximum",
                evidence.Related.Where(item => item.Kind == Kind).Select(item => item.Id))
            : Finding.Accept(Cause, symptoms.Failing.Count + symptoms.Unready.Count > 0 ? 0.3 : 0.7,
                $"{Kind} '{limited.Name}': {Autoscaling.Describe(limited.Fact)}", limited.Id);
    }
}
