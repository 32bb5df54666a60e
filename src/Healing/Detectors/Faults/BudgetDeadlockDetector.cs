namespace Heal.Healing;

/// <summary>
/// A budget that allows no eviction although all its pods are well, while somebody drains a node with one of them: the drain will never
/// end. Without a drain nothing is lost by such a budget, and with sick pods it does what it is for.
/// </summary>
internal sealed class BudgetDeadlockDetector(HoldingSetting setting) : Detector<ObservedBudget>(
    new DetectorInfo("budget-deadlock", "KubePodDisruptionBudgetAtLimit", [TargetKinds.PodDisruptionBudget],
        "A disruption budget allows no eviction although all pods that it covers are healthy, and one of them is on a cordoned node, "
            + "for `Hold`.",
        "A budget with a pod to spare, one whose pods are not all healthy, one that nobody's drain meets."),
    setting)
{
    protected override Judgement Judge(ObservedBudget budget, Look look)
    {
        var isWell = budget.Healthy >= budget.Expected && budget.Expected > 0;
        if (budget.Info.DeletedAt is not null || !budget.IsObserved || budget.Allowed > 0 || !isWell) return Judgement.None;
        var blocked = look.Cluster.All<ObservedPod>(TargetKinds.Pod, budget.Info.Namespace)
            .Where(pod => !pod.IsLeaving && budget.Selector.Matches(pod.Info.Labels))
            .Select(pod => (Pod: pod, Node: look.Cluster.Node(pod.Node)))
            .Where(pair => pair.Node?.CordonedAt is not null)
            .OrderBy(pair => pair.Node!.CordonedAt).ThenBy(pair => pair.Pod.Info.Name, StringComparer.Ordinal).ToList();
        if (blocked.Count == 0) return Judgement.None;
        var (pod, node) = blocked[0];
        var since = Later(node!.CordonedAt!.Value, budget.Info.CreatedAt);
        return Judgement.After(
            setting.Hold, since, look,
            $"{budget.Info} lets no pod go, so that the drain of node {node.Info.Name} cannot end",
            $"status.disruptionsAllowed: {budget.Allowed}", $"status.currentHealthy: {budget.Healthy} of {budget.Expected} expected",
            $"status.desiredHealthy: {budget.WantedHealthy}", $"pod {pod.Info.Name} is on the cordoned node {node.Info.Name}")
            .With("node", node.Info.Name) with { BeganUnseen = node.IsCordonUndated && look.WasThereBefore(since) };
    }

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;
}
