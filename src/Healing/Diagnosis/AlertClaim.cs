namespace Heal.Healing;

/// <summary>
/// What a workflow lets an alert prove by itself (<see cref="WorkflowDefinition.AlertProves"/>): its rule measures over time what a look at
/// one moment cannot show. Pure.
/// </summary>
public static class AlertClaim
{
    /// <summary>Enough for an action that asks for the usual confidence; less than what evidence shows plainly.</summary>
    public const double Confidence = 0.7;

    /// <summary>
    /// Whether a target that shows no fault is acted on because the alert says so: it exists, nobody means it to be gone or scaled to zero,
    /// and nothing was tried for it yet. Of machines only of a guest that runs.
    /// </summary>
    public static bool Holds(WorkflowDefinition? workflow, EvidenceBundle evidence, int tried) =>
        workflow?.AlertProves is not null && tried == 0 && evidence.Exists
        && evidence.Machine is null or { Domain.IsRunning: true }
        && (evidence.Workload is null or { Deleting: false, DesiredReplicas: > 0 });

    /// <summary>Adds the claim to what evidence shows, unless evidence shows that very cause.</summary>
    public static Diagnosis Add(Diagnosis diagnosis, EvidenceBundle evidence, string? alert, string? cause)
    {
        if (cause is null || diagnosis.Hypotheses.Any(hypothesis => hypothesis.Cause == cause)) return diagnosis;
        var claim = new Hypothesis(
            cause, $"alert {SafeText.Line(alert ?? "", 100)} measures it; evidence of one moment neither shows nor excludes it", Confidence,
            evidence.Workload is { } workload ? [workload.Id] : []);
        return diagnosis with
        {
            Hypotheses =
            [
                .. diagnosis.Hypotheses.Append(claim).OrderByDescending(hypothesis => hypothesis.Confidence)
                    .ThenBy(hypothesis => hypothesis.Cause, StringComparer.Ordinal),
            ],
        };
    }
}
