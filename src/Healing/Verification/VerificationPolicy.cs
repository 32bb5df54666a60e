using System.Globalization;

namespace Heal.Healing;

/// <summary>Compares one look at the target with the contract. Pure.</summary>
public static class VerificationPolicy
{
    private const int Shown = 3;

    /// <param name="restartsBefore">The restarts of the previous look; null at the first.</param>
    public static VerificationLook Judge(VerificationContract contract, VerificationObservation seen, int? restartsBefore)
    {
        if (!seen.Exists) return new(VerificationVerdict.Superseded, $"{contract.Target} was removed meanwhile", 0);
        if ((contract.MarksTarget && seen.OperationKey != contract.OperationKey) || seen.TemplateHash != contract.TemplateHash)
        {
            var who = seen.LastChangedBy is null ? "somebody" : $"'{seen.LastChangedBy}'";
            return new(VerificationVerdict.Superseded, $"{who} changed {contract.Target} after the operation {contract.OperationKey}",
                seen.Restarts);
        }

        var fault = Fault(contract, seen, restartsBefore);
        return fault is null
            ? new(VerificationVerdict.Healthy, Invariant($"{seen.ReadyReplicas} of {seen.DesiredReplicas} replicas ready"), seen.Restarts)
            : new(VerificationVerdict.NotHealthy, fault, seen.Restarts);
    }

    private static string? Fault(VerificationContract contract, VerificationObservation seen, int? restartsBefore)
    {
        if (seen.ObservedGeneration < contract.Generation)
        {
            return Invariant($"the controller has seen generation {seen.ObservedGeneration}, the effect is in {contract.Generation}");
        }

        if (seen.Troubled.Count > 0) return $"containers in trouble: {Some(seen.Troubled)}";
        if (restartsBefore is { } before && seen.Restarts > before)
        {
            return Invariant($"containers restarted {seen.Restarts - before} times since the last look");
        }

        // A target that wants no replicas any more proves nothing about the effect, unless it wanted none before.
        if (seen.DesiredReplicas == 0
            && contract.Replicas > 0) return "the target was scaled to zero, so that nothing runs to be looked at";
        if (seen.UpdatedReplicas < seen.DesiredReplicas)
        {
            return Invariant($"{seen.UpdatedReplicas} of {seen.DesiredReplicas} replicas are of the new revision");
        }

        if (seen.ReadyReplicas < seen.DesiredReplicas) return Invariant(
            $"{seen.ReadyReplicas} of {seen.DesiredReplicas} replicas are ready");
        if (seen.TotalReplicas > seen.UpdatedReplicas) return Invariant(
            $"{seen.TotalReplicas - seen.UpdatedReplicas} old replicas are still there");
        if (seen.CurrentPods < seen.DesiredReplicas) return Invariant($"{seen.CurrentPods} of {seen.DesiredReplicas} pods were found");

        var worse = seen.UnreadyNeighbours.Except(contract.UnreadyNeighbours, StringComparer.Ordinal).ToList();
        return worse.Count > 0 ? $"workloads beside the target became unready: {Some(worse)}" : null;
    }

    private static string Some(IReadOnlyList<string> items) =>
        items.Count <= Shown ? string.Join(", ", items) : $"{string.Join(", ", items.Take(Shown))} and {items.Count - Shown} more";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
