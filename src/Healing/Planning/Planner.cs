using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Chooses what to do about a diagnosis: the first action of the workflow that fits the leading cause and that limits, scope and history
/// allow. It errs towards people: whatever is not clearly allowed is advised or escalated. Pure.
/// </summary>
public static class Planner
{
    public static Plan Decide(PlanningFacts facts)
    {
        var autonomy = facts.Evidence.Autonomy;
        if (facts.Diagnosis.Leading() is not { } cause) return NothingFits(facts, "no rule explains the fault");
        if (cause.Cause == Causes.DependencyUnready)
        {
            return Without(PlanVerdict.Wait, autonomy, [cause.Statement]) with { IsBlocked = true };
        }

        if (facts.Workflow is not { } workflow) return NothingFits(facts, $"no workflow serves alert '{facts.AlertName}'");

        var most = Math.Min(workflow.Limits.MaxActions, facts.Limits.MaxActionsPerIncident);
        if (facts.ActionsMade >= most)
        {
            return Escalate(
                autonomy, string.Create(CultureInfo.InvariantCulture, $"{facts.ActionsMade} actions were made, the limit is {most}"));
        }

        var reasons = new List<string>();
        var chosen = workflow.Actions.Select(action => (Action: action, Descriptor: Fits(action, cause, facts, reasons)))
            .FirstOrDefault(c => c.Descriptor is not null);
        if (chosen.Descriptor is not { } descriptor) return NothingFits(facts, [$"no action remedies {cause.Cause}", .. reasons]);

        reasons.Add($"'{descriptor.Id}' remedies {cause.Cause} "
            + $"(confidence {cause.Confidence.ToString("0.00", CultureInfo.InvariantCulture)})");
        return Allow(facts, workflow, chosen.Action, descriptor, reasons);
    }

    // The descriptor when the action fits; null, with a reason added, when it does not.
    private static ActionDescriptor? Fits(
        WorkflowAction action, Hypothesis cause, PlanningFacts facts, List<string> reasons)
    {
        var descriptor = facts.Actions.FirstOrDefault(candidate => candidate.Id == action.Id);
        var why = Misfit(action, descriptor, cause, facts);
        if (why is not null) reasons.Add($"not '{action.Id}': {why}");
        return why is null ? descriptor : null;
    }

    private static string? Misfit(WorkflowAction action, ActionDescriptor? descriptor, Hypothesis cause, PlanningFacts facts)
    {
        if (descriptor is null) return "this program has no such action";
        var tried = facts.ActionsTried.Count(id => id == action.Id);
        var mayRepeat = descriptor.Repeats && facts.ActionsInVain.Count(id => id == action.Id) == tried;
        if (tried > 0 && !mayRepeat)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it was tried in this incident{(tried > 1 ? $" {tried} times" : "")}");
        }

        if (!descriptor.TargetKinds.Contains(facts.Evidence.Target.Kind)) return $"it does not act on a {facts.Evidence.Target.Kind}";
        if (!descriptor.Causes.Contains(cause.Cause)) return $"it does not remedy {cause.Cause}";
        if (action.Causes.Count > 0 && !action.Causes.Contains(cause.Cause)) return $"the workflow does not use it for {cause.Cause}";
        if (cause.Confidence >= action.MinConfidence) return facts.Refusals.GetValueOrDefault(action.Id);
        return string.Create(CultureInfo.InvariantCulture,
            $"confidence {cause.Confidence:0.00} is below the {action.MinConfidence:0.00} that the workflow asks for");
    }

    private static Plan Allow(
        PlanningFacts facts, WorkflowDefinition workflow, WorkflowAction action, ActionDescriptor descriptor, List<string> reasons)
    {
        var autonomy = facts.Evidence.Autonomy;
        var parameters = ActionParameters.Complete(descriptor, action.Parameters);
        var plan = new Plan(
            PlanVerdict.Act, action, descriptor.Risk, parameters, autonomy, reasons, IsReversible: descriptor.Inverse is not null)
        {
            TimeLimit = descriptor.TimeLimit is { } limit ? Duration.Parse(parameters[limit]) : null,
            LimitedBy = descriptor.TimeLimit,
            BindsAnswer = true,
            StrictAnswer = true,
            RetriesUndo = true,
            KeepsQuestion = true,
            EndsWithNeed = descriptor.EndsWithNeed,
            Settles = descriptor.SettledBy is not null,
            LeavesFault = descriptor.LeavesFault,
            Repeats = descriptor.Repeats,
        };

        if (facts.Evidence.Workload?.Owner is { } owner && descriptor is { ForOwned: false, Risk: > RiskClass.R0 })
        {
            return Refuse(PlanVerdict.Escalate,
                $"the target belongs to {owner.Tool} ({owner.Proof}): a live change would be reverted or drift; change it at its source");
        }

        if (autonomy.Level is Autonomy.Observe or Autonomy.Advise) return Refuse(
            PlanVerdict.Advise, $"autonomy is {autonomy.Level} ({autonomy.Source})");
        if (descriptor.Risk > workflow.Limits.MaxRisk) return Refuse(
            PlanVerdict.Advise, $"risk {descriptor.Risk} is above the workflow's limit {workflow.Limits.MaxRisk}");
        if (SafetyPolicy.Check(facts) is { } safety) return plan with { Verdict = safety.Verdict, Reasons = [.. reasons, safety.Reason],
            WaitUntil = safety.WaitUntil };
        if (autonomy.Level == Autonomy.Approve) return Refuse(PlanVerdict.AskFirst, $"autonomy is {autonomy.Level} ({autonomy.Source})");
        if (workflow.Approval.From is { } from
            && descriptor.Risk >= from) return Refuse(PlanVerdict.AskFirst, $"the workflow asks for approval from risk {from} up");
        return plan with { Reasons = [.. reasons, $"autonomy is {autonomy.Level} ({autonomy.Source})"] };

        Plan Refuse(PlanVerdict verdict, string reason) => plan with { Verdict = verdict, Reasons = [.. reasons, reason] };
    }

    private static Plan NothingFits(PlanningFacts facts, params IReadOnlyList<string> reasons) =>
        Escalate(facts.Evidence.Autonomy, reasons) with { NothingFits = facts.ActionsMade == 0 };

    private static Plan Escalate(AutonomySetting autonomy, params IReadOnlyList<string> reasons) =>
        Without(PlanVerdict.Escalate, autonomy, reasons);

    private static Plan Without(PlanVerdict verdict, AutonomySetting autonomy, IReadOnlyList<string> reasons) =>
        new(verdict, null, null, new Dictionary<string, string>(), autonomy, reasons);
}
