using System.Globalization;
using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Carries out one action, verifies it, and undoes it when it did not help. An inverse that meets what may pass (a kill switch, a missing
/// right, a policy, a cluster that does not answer) is tried again for <see cref="UndoPatience"/>; then people are told that the effect is
/// still there.
/// </summary>
internal sealed class RecoveryPhase(TaskOrchestrationContext context, IncidentState state, LayerPhase layers)
{
    /// <summary>How long the inverse of an action that did not help is tried.</summary>
    public static readonly TimeSpan UndoPatience = TimeSpan.FromHours(1);

    private static readonly TimeSpan FirstUndoPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestUndoPause = TimeSpan.FromMinutes(5);

    private readonly VerificationPhase _verification = new(context, state);
    private readonly string _keys = KeysOf(state);
    private int _busy;

    // Keys that no action took, but under which an expiry waits.
    private int _left;

    /// <returns>How the incident ends; null when the target must be looked at again for the next action.</returns>
    public async Task<Ending?> RunAsync(Plan plan)
    {
        var (action, workload) = (plan.Action!, state.Evidence!.Workload);
        var key = string.Create(CultureInfo.InvariantCulture, $"{_keys}/{state.Actions.Count + _left + 1}");
        state.Enter(Phase.Recover, plan.Summary);
        var request = new ActionRequest(
            key, state.Input.IncidentId, action.Id, state.Input.Target, plan.Parameters, workload?.Generation ?? 0,
            workload?.TemplateHash ?? "") { ExpiresAt = plan.TimeLimit is { } limit ? state.Now + limit : null };
        if (request.ExpiresAt is { } end)
        {
            // Before the action: a kill between the two leaves a timer without an effect, never an effect without its end.
            var expiry = new ExpiryRequest(key, state.Input.IncidentId, action.Id, state.Input.Target, end)
            {
                EndsWithNeed = plan.EndsWithNeed,
                Settles = plan.Settles,
            };
#pragma warning disable DURABLE2003 // It needs the durable client, and so lives beside the triggers, in a project that references this one.
            await context.CallActivityAsync<string>(ActivityNames.StartExpiry, expiry, Retries.Store);
#pragma warning restore DURABLE2003
        }

        var result = await TryAsync(() => context.CallRunActionAsync(request, Retries.Within(action.Timeout)), key);
        if (result.Status == ActionStatus.Busy && _busy++ < state.Input.Limits.TargetBusyAttempts)
        {
            // Another action may be next, and the end of this one must not undo it.
            if (request.ExpiresAt is not null) _left++;
            state.Enter(Phase.Wait, result.Detail);
            await context.CreateTimer(state.Input.Limits.TargetBusy, CancellationToken.None);
            return null;
        }

        state.Actions.Add(new AttemptedAction(result.Key, action.Id, result.Status, result.Detail));
        switch (result.Status)
        {
            case ActionStatus.Applied:
                return await VerifyAsync(plan, result);
            case ActionStatus.Refused:
                return null;
            case ActionStatus.NoEffect when plan.Repeats:
                // What the target shows now says whether it is done once more.
                return null;
            case ActionStatus.NoEffect:
                return await RollBackAsync(plan, result, result.Detail);
            case ActionStatus.Blocked or ActionStatus.Busy or ActionStatus.NotPermitted:
                return new Ending(OutcomeKind.Escalated, $"'{action.Id}' was not taken: {result.Detail}");
            case ActionStatus.ChangedByOther or ActionStatus.TargetGone:
                return new Ending(OutcomeKind.Superseded, result.Detail);
            default:
                return new Ending(
                    OutcomeKind.Failed,
                    $"'{action.Id}' failed, and its effect may be on the target (operation {result.Key}): {result.Detail}");
        }
    }

    // What the keys of its operations begin with. One that is started again (its hub was emptied) counts from 1 again, and must not be told
    // how an operation of its first run ended. Histories of earlier programs hold other keys: what follows an answer goes by the answer's.
    private static string KeysOf(IncidentState state) => state.Now - state.Input.OpenedAt < StrandedIncident.StartsWithin
        ? state.Input.IncidentId
        : string.Create(CultureInfo.InvariantCulture, $"{state.Input.IncidentId}/{state.Now:yyyyMMddHHmmss}");

    private async Task<Ending?> VerifyAsync(Plan plan, ActionResult applied, DateTimeOffset? undoUntil = null)
    {
        var verified = await _verification.RunAsync(plan, applied);
        if (verified.Kind == VerificationKind.BrokenAgain && plan.Repeats)
        {
            // As one that had no effect: what the target shows now says whether it is done once more.
            state.Actions[^1] = state.Actions[^1] with
            {
                Status = ActionStatus.NoEffect, Detail = $"{applied.Detail}; it did not last: {verified.Reason}",
            };
            return null;
        }

        if (verified.Kind == VerificationKind.Healthy && plan is { TimeLimit: not null, EndsWithNeed: true })
        {
            context.SendEvent(ExpiryRequest.InstanceOf(applied.Key), ExpiryRequest.Recovered, verified.Reason);
        }

        return verified.Kind switch
        {
            VerificationKind.Healthy when plan.LeavesFault => new Ending(
                OutcomeKind.Escalated,
                $"{applied.Detail}; {verified.Reason}; what is wrong with {state.Input.Target} itself is left to people"),
            VerificationKind.Healthy => await layers.WithNodesAsync(
                new Ending(OutcomeKind.Healed, $"{applied.Detail}; {verified.Reason}")),
            VerificationKind.Superseded => new Ending(OutcomeKind.Superseded, verified.Reason),
            VerificationKind.Unknown => new Ending(OutcomeKind.CouldNotVerify, $"'{plan.Action!.Id}' took effect, but: {verified.Reason}"),
            _ => await RollBackAsync(plan, applied, verified.Reason, undoUntil),
        };
    }

    /// <param name="until">When the inverse is given up, where it was tried before.</param>
    private async Task<Ending?> RollBackAsync(Plan plan, ActionResult applied, string why, DateTimeOffset? until = null)
    {
        var action = plan.Action!;
        state.Enter(Phase.RollBack, $"'{action.Id}' did not help: {why}");
        if (!plan.IsReversible) return new Ending(OutcomeKind.Escalated, $"'{action.Id}' did not help and cannot be undone: {why}");

        var key = $"{applied.Key}/undo";
        var request = new UndoRequest(key, applied.Key, state.Input.IncidentId, action.Id, state.Input.Target);
        var giveUpAt = until ?? state.Now + UndoPatience;
        var undone = await UndoAsync();
        var (attempts, pause) = (1, FirstUndoPause);
        for (; plan.RetriesUndo && MayPass(undone) && state.Now + pause <= giveUpAt; attempts++)
        {
            state.Enter(Phase.RollBack, $"'{action.Id}' did not help, and is not undone yet: {undone.Detail}");
            await context.CreateTimer(pause, CancellationToken.None);
            pause = pause * 2 < LongestUndoPause ? pause * 2 : LongestUndoPause;

            // What has become healthy meanwhile is not broken by taking back what may have healed it.
            if (await _verification.IsHealthyAsync(plan, applied)) return await VerifyAsync(plan, applied, giveUpAt);
            undone = await UndoAsync();
        }

        var tried = attempts == 1 && until is null ? ""
            : string.Create(CultureInfo.InvariantCulture, $", tried {attempts} times within {UndoPatience.TotalMinutes:0} min");
        switch (undone.Status)
        {
            case ActionStatus.Applied:
                state.Actions[^1] = state.Actions[^1] with { Undone = true, Detail = $"{applied.Detail}; undone: {why}" };
                return null;
            case ActionStatus.ChangedByOther or ActionStatus.TargetGone:
                return new Ending(OutcomeKind.Superseded, undone.Detail);
            case ActionStatus.Blocked or ActionStatus.Refused or ActionStatus.NotPermitted:
                return new Ending(OutcomeKind.Escalated, $"'{action.Id}' did not help ({why}), and was not undone{tried}: {undone.Detail}");
            default:
                return new Ending(
                    OutcomeKind.Failed,
                    $"'{action.Id}' did not help ({why}), and undoing it failed (operation {key}){tried}: {undone.Detail}");
        }

        Task<ActionResult> UndoAsync() => TryAsync(() => context.CallUndoActionAsync(request, Retries.Within(action.Timeout)), key);
    }

    // Refused is no obstacle: it says that there is nothing to undo. What has ended is not waited for while the target stays as it is.
    private static bool MayPass(ActionResult undone) =>
        !undone.IsFinal && undone.Status is ActionStatus.Blocked or ActionStatus.NotPermitted or ActionStatus.Failed;

    private static async Task<ActionResult> TryAsync(Func<Task<ActionResult>> call, string key)
    {
        try
        {
            return await call();
        }
        catch (TaskFailedException e)
        {
            return new ActionResult(key, ActionStatus.Failed, SafeText.Line(e.FailureDetails.ErrorMessage, 300));
        }
    }
}
