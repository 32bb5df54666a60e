namespace Heal.Healing;

/// <summary>Nodes of the failing pods, or the node that is the target, are short of something, or a detector found a problem on
/// them.</summary>
internal sealed class NodePressureRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var evicted = symptoms.Evidence.Pods.Where(pod => pod.Reason == "Evicted").ToList();
        var suffering = symptoms.Failing.Select(found => found.Pod).Concat(symptoms.Unready).Concat(evicted)
            .Select(pod => pod.Node).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var pressed = symptoms.Evidence.Nodes
            .Where(node => (suffering.Contains(node.Name) || symptoms.IsTarget("Node", node.Name)) && node.Problems().Any()).ToList();
        if (pressed.Count == 0 && evicted.Count == 0)
        {
            return Finding.Reject(Causes.NodePressure, "no node of a failing pod reports a problem, and no pod was evicted",
                symptoms.Evidence.Nodes.Select(node => node.Id));
        }

        var isTarget = pressed.Any(node => symptoms.IsTarget("Node", node.Name));
        var what = pressed.Count > 0
            ? $"node {pressed[0].Name} reports {string.Join(", ", pressed[0].Problems().Select(problem => problem.Type).Take(3))}"
            : $"{evicted.Count} pods were evicted";
        var (confidence, also) = isTarget || evicted.Count > 0 ? (0.85, "") : (0.45, ", and failing pods are there");
        return Finding.Accept(Causes.NodePressure, confidence, what + also,
            pressed.Select(node => node.Id).Concat(evicted.Select(pod => pod.Id)));
    }
}
