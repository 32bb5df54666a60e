using System.Globalization;

namespace Heal.Healing;

/// <summary>What the target's history allows. Pure.</summary>
public static class SafetyPolicy
{
    /// <returns>Null when the history does not speak against acting now.</returns>
    public static SafetyObjection? Check(PlanningFacts facts)
    {
        var limits = facts.Limits;
        var recent = facts.History.Where(operation => facts.Now - operation.AppliedAt <= limits.IneffectiveWindow).ToList();

        if (facts.History.FirstOrDefault(operation =>
            !operation.Finished && facts.Now - operation.AppliedAt < limits.TargetBusy) is { } busy)
        {
            return new(PlanVerdict.Wait, $"operation {busy.Key} on the target is under way", busy.AppliedAt + limits.TargetBusy);
        }

        var hash = facts.Evidence.Workload?.TemplateHash;
        var reverted = recent.Count(operation => hash is not null && operation.RemovedTemplateHash == hash);
        if (reverted >= limits.RevertedFixes)
        {
            var actor = facts.Evidence.Workload?.LastChangedBy is { } who ? $"'{who}'" : "somebody";
            return new(PlanVerdict.Escalate, string.Create(CultureInfo.InvariantCulture,
                $"{actor} put back what was removed here {reverted} times "
                + $"within {limits.IneffectiveWindow.TotalHours:0.#} h: the fix is not repeated"));
        }

        if (recent.Count >= limits.IneffectiveCycles)
        {
            return new(PlanVerdict.Escalate, string.Create(CultureInfo.InvariantCulture,
                $"{recent.Count} operations on this target within {limits.IneffectiveWindow.TotalHours:0.#} h did not last"));
        }

        var pause = facts.Workflow is { } workflow && workflow.Limits.CoolDown > limits.RecentlyRemediated ? workflow.Limits.CoolDown
            : limits.RecentlyRemediated;
        if (recent.Count == 0 || recent.Count < (facts.Workflow?.Limits.CoolDownFrom ?? 1)) return null;
        var last = recent.Max(operation => operation.AppliedAt);
        if (facts.Now - last >= pause) return null;
        var often = recent.Count == 1 ? "" : string.Create(
            CultureInfo.InvariantCulture, $" for the {recent.Count}. time within {limits.IneffectiveWindow.TotalHours:0.#} h");
        return new(PlanVerdict.Wait, string.Create(CultureInfo.InvariantCulture,
            $"the target was remedied at {last:u}{often}; the next action may come {pause.TotalSeconds:0} s after that"), last + pause);
    }
}

/// <param name="WaitUntil">Set for Wait.</param>
public sealed record SafetyObjection(PlanVerdict Verdict, string Reason, DateTimeOffset? WaitUntil = null);
