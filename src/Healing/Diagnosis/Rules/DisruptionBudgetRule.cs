namespace Heal.Healing;

/// <summary>
/// Somebody drains a node, and the budget alone keeps the drain from going on: its pods are all healthy, and it lets none go.
/// </summary>
internal sealed class DisruptionBudgetRule : IDiagnosisRule
{
    private const string Cause = Causes.DisruptionBudgetBlocks;

    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        if (symptoms.Evidence.Object is not { Kind: TargetKinds.PodDisruptionBudget } budget)
        {
            return Finding.Reject(Cause, "the target is no disruption budget");
        }

        var draining = Draining.NodesOf(symptoms.Evidence);
        if (draining.Count == 0) return Finding.Reject(Cause, "none of its pods is on a cordoned node: no drain waits", budget.Id);
        return Draining.IsAtLimitByDesign(budget)
            ? Finding.Accept(Cause, 0.9,
                $"node {draining[0].Name} is being drained, all pods of the budget are healthy, and it lets none of them go",
                [budget.Id, .. draining.Select(node => node.Id)])
            : Finding.Reject(Cause, "not all pods of the budget are healthy: it protects the rest rightly", budget.Id);
    }
}
