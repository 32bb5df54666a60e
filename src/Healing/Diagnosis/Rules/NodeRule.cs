namespace Heal.Healing;

/// <summary>The failing pods are on nodes that are not ready: the nodes are the fault then, not the workload.</summary>
internal sealed class NodeRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        var suffering = symptoms.Failing.Select(found => found.Pod).Concat(symptoms.Unready).Distinct().ToList();
        var used = suffering.Where(pod => pod.Node is not null).Select(pod => pod.Node!).ToHashSet(StringComparer.Ordinal);
        var nodes = symptoms.Evidence.Nodes.Where(node => used.Contains(node.Name) || symptoms.IsTarget("Node", node.Name)).ToList();
        var unready = nodes.Where(node => !node.Ready).ToList();
        if (unready.FirstOrDefault(node => symptoms.IsTarget("Node", node.Name)) is { } target)
        {
            return Finding.Accept(
                Causes.NodeNotReady, 0.95, $"node {target.Name} is not ready: {target.Reason ?? "no reason given"}", target.Id);
        }

        if (unready.Count == 0)
        {
            return Finding.Reject(Causes.NodeNotReady,
                nodes.Count == 0 ? "no failing pod is bound to a node that was seen" : "every node that a failing pod is on is ready",
                nodes.Select(node => node.Id));
        }

        var names = unready.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var explained = suffering.Count(pod => pod.Node is not null && names.Contains(pod.Node));
        return Finding.Accept(Causes.NodeNotReady, explained == suffering.Count ? 0.95 : 0.4,
            $"node {string.Join(", ", names.Order(StringComparer.Ordinal))} is not ready, "
            + $"and {explained} of {suffering.Count} failing pods are there",
            unready.Select(node => node.Id));
    }
}
