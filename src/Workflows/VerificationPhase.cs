using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

internal enum VerificationKind
{
    /// <summary>Healthy without a break for as long as asked.</summary>
    Healthy,

    /// <summary>Time is up, and the last look showed a fault.</summary>
    NotHealthy,

    /// <summary>Somebody else changed or removed the target.</summary>
    Superseded,

    /// <summary>Time is up, and the last looks gave no answer.</summary>
    Unknown,

    /// <summary>It has failed anew, and no time will cure that.</summary>
    BrokenAgain,
}

/// <summary>
/// Looks at the target again and again, between durable timers, until it has been healthy without a break for as long as the workflow asks,
/// or time is up. While it is not healthy the pauses grow, to keep the history short.
/// </summary>
internal sealed class VerificationPhase(TaskOrchestrationContext context, IncidentState state)
{
    private const double Growth = 1.3;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    public async Task<(VerificationKind Kind, string Reason)> RunAsync(Plan plan, ActionResult applied)
    {
        var contract = Contract(plan, applied);
        state.Enter(Phase.Verify, $"wants {contract.StableFor.TotalSeconds:0} s of health within {contract.Timeout.TotalSeconds:0} s");
        var deadline = state.Now + contract.Timeout;
        var pause = contract.PollEvery;
        DateTimeOffset? healthySince = null;
        int? restarts = null;
        while (true)
        {
            var (look, failure) = await LookAsync(contract, plan.Action!.Id, restarts);
            if (look?.Verdict == VerificationVerdict.Superseded) return (VerificationKind.Superseded, look.Reason);
            if (look?.Verdict == VerificationVerdict.BrokenAgain) return (VerificationKind.BrokenAgain, look.Reason);
            restarts = look?.Restarts ?? restarts;
            healthySince = look?.Verdict == VerificationVerdict.Healthy ? healthySince ?? state.Now : null;
            if (healthySince is { } since && state.Now - since >= contract.StableFor)
            {
                state.HealedSince = since;
                return (VerificationKind.Healthy, $"{look!.Reason}, without a break for {contract.StableFor.TotalSeconds:0} s");
            }

            var left = deadline - state.Now;
            if (left <= TimeSpan.Zero)
            {
                if (look is null) return (VerificationKind.Unknown, failure!);
                var reason = healthySince is null ? look.Reason : "it became healthy too late to be sure";
                return (healthySince is null ? VerificationKind.NotHealthy : VerificationKind.Unknown, reason);
            }

            state.Enter(Phase.Verify, look?.Reason ?? failure);
            pause = healthySince is null ? Min(pause * Growth, LongestPause) : contract.PollEvery;
            await context.CreateTimer(Min(pause, left), CancellationToken.None);
        }
    }

    /// <summary>Whether one look finds the target healthy; false when it finds it otherwise, or cannot see it.</summary>
    public async Task<bool> IsHealthyAsync(Plan plan, ActionResult applied) =>
        (await LookAsync(Contract(plan, applied), plan.Action!.Id, restarts: null)).Look is { Verdict: VerificationVerdict.Healthy };

    private async Task<(VerificationLook? Look, string? Failure)> LookAsync(
        VerificationContract contract, string actionId, int? restarts)
    {
        try
        {
            return (await context.CallVerifyTargetAsync(new VerifyRequest(contract, restarts, actionId), Retries.Look), null);
        }
        catch (TaskFailedException e)
        {
            return (null, $"the target could not be looked at: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
        }
    }

    private VerificationContract Contract(Plan plan, ActionResult applied)
    {
        var (evidence, setting) = (state.Evidence!, plan.Action!.Verification);
        return new VerificationContract(
            state.Input.Target,
            applied.Generation ?? evidence.Workload?.Generation ?? 0,
            evidence.Workload?.DesiredReplicas ?? 0,
            applied.Key,
            applied.TemplateHash ?? evidence.Workload?.TemplateHash ?? "",
            evidence.UnreadyNeighbours,
            setting?.StableFor ?? WorkflowDefaults.StableFor,
            setting?.Timeout ?? WorkflowDefaults.VerificationTimeout,
            setting?.PollEvery ?? WorkflowDefaults.PollEvery) { MarksTarget = applied.MarksTarget };
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
