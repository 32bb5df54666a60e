namespace Heal.Healing;

/// <summary>
/// Explains a fault: every rule accepts or rejects its causes, and the accepted ones are ranked. Pure, so that a past incident can be
/// judged
/// again by newer rules, and the same evidence always gives the same diagnosis.
/// </summary>
public static class Diagnostician
{
    private static readonly IDiagnosisRule[] Rules =
    [
        new ImagePullRule(), new MissingObjectRule(), new OutOfMemoryRule(), new ConfigChangedRule(), new CrashRule(), new NodeRule(),
        new RolloutRule(), new SchedulingRule(), new QuotaRule(), new NodePressureRule(), new AutoscalerRule(), new DisruptionBudgetRule(),
        new ControllerRule(), new DependencyRule(), new NoChangeRule(),
    ];

    public static Diagnosis Diagnose(EvidenceBundle evidence, Detection detection)
    {
        if (evidence.Machine is { } machine) return MachineDiagnostician.Diagnose(evidence.Target, machine, evidence.Gaps);
        var symptoms = new Symptoms(evidence, detection);
        var change = new ChangeFacts(evidence, symptoms.Since);
        var findings = Rules.Select(rule => rule.Judge(symptoms, change)).ToList();
        return new Diagnosis(
            [
                .. findings.Where(finding => finding.Accepted is not null).Select(finding => finding.Accepted!)
                    .OrderByDescending(hypothesis => hypothesis.Confidence).ThenBy(hypothesis => hypothesis.Cause, StringComparer.Ordinal),
            ],
            [.. findings.Where(finding => finding.Rejected is not null).Select(finding => finding.Rejected!)],
            evidence.Gaps);
    }
}
