namespace Heal.Healing;

/// <summary>Pods fit on no node. The scheduler says why; what it says decides whether capacity, a taint, a volume or the pods' own wishes
/// are the cause.</summary>
internal sealed class SchedulingRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var waiting = symptoms.Evidence.Pods.Where(pod => !pod.Terminating && pod.Node is null
            && pod.Condition("PodScheduled") is { Status: false, Reason: "Unschedulable" }).ToList();
        if (waiting.Count == 0) return Finding.Reject(Causes.Unschedulable, "the scheduler has found a node for every pod");

        var message = waiting[0].Condition("PodScheduled")!.Message;
        var claims = symptoms.Evidence.Related.Where(item => item.Kind == "PersistentVolumeClaim" && item.Fact("status.phase") != "Bound");
        var cause = Cause(message);
        IEnumerable<string> evidence =
        [
            .. waiting.Select(pod => pod.Id), .. cause == Causes.VolumeNotBound ? claims.Select(item => item.Id) : [],
        ];

        // A change that touched what scheduling looks at is the better explanation, and the rollout's rule finds it.
        var isOfTheChange = change.MayExplain && change.Touching(RolloutRule.Scheduling).Count > 0;
        return Finding.Accept(cause, isOfTheChange ? 0.5 : 0.85, $"{waiting.Count} pods fit on no node: {message}", evidence);
    }

    private static string Cause(string message)
    {
        if (Says(message, "persistentvolumeclaim") || Says(message, "volume node affinity")) return Causes.VolumeNotBound;
        var lacks = Says(message, "Insufficient ") || Says(message, "Too many pods");
        var tainted = Says(message, "taint");
        var unfit = Says(message, "affinity") || Says(message, "selector") || Says(message, "topology");

        // Nodes with a taint beside others that are full: more room is what is missing, not the tainted ones.
        if (lacks) return Causes.CapacityExhausted;
        if (tainted && !unfit) return Causes.NodeTainted;
        return Causes.Unschedulable;
    }

    private static bool Says(string message, string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
