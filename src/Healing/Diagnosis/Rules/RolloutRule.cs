namespace Heal.Healing;

/// <summary>The newest revision does not become ready, without a crash or anything plainer to explain it (a probe, for example, or
/// scheduling).</summary>
internal sealed class RolloutRule : IDiagnosisRule
{
    public static readonly string[] Scheduling = ["nodeSelector", "affinity", "tolerations", "resources", "topologySpread", "volumes",
        "priorityClass"];

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        const string Cause = Causes.RolloutStuckAfterTemplateChange;
        if (symptoms.Failing.Count > 0)
        {
            return Finding.Reject(
                Cause, "the containers' own failures explain it better", symptoms.Failing.Select(found => found.Container.Id));
        }

        if (symptoms.Unready.Count == 0) return Finding.Reject(Cause, "every pod of the newest revision is ready");
        var evidence = symptoms.Unready.Select(pod => pod.Id);
        if (!change.MayExplain) return Finding.Reject(Cause, change.WhyNot!, evidence);
        if (symptoms.FailingElsewhere.Count > 0) return Finding.Reject(Cause, "pods of an older revision fail as well", evidence);

        var unscheduled = symptoms.Unready.Count(pod => pod.Phase == "Pending" && pod.Node is null);
        var placement = change.Touching(Scheduling);
        if (unscheduled == symptoms.Unready.Count && placement.Count == 0)
        {
            return Finding.Reject(
                Cause, "the pods cannot be scheduled, and the change did not touch what scheduling looks at: capacity, quota or taints",
                    evidence);
        }

        var overdue = symptoms.Evidence.Workload?.Condition("Progressing") is { Status: false };
        return Finding.Accept(Cause, 0.6 + (overdue ? 0.1 : 0) + (symptoms.OlderRevisionServes ? 0.05 : 0),
            $"{symptoms.Unready.Count} pods of the newest revision do not become ready "
            + $"since {change.Describe(unscheduled > 0 ? placement : [])}",
            evidence.Append(change.Change!.Id));
    }
}
