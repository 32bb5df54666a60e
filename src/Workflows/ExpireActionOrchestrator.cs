using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Waits until an effect's time is up, or until its incident is healed and nothing needs it any more, and has it undone. Started before the
/// action itself, so that no kill between the two leaves an effect without an end. It does not give up for what may pass (a kill switch, a
/// missing right, a policy, a cluster that does not answer) for <see cref="Patience"/>, and then calls people. An effect that somebody else
/// changed since is theirs. Where the effect <see cref="ExpiryRequest.Settles"/> it is made final instead, and people are called at once
/// when that did not bring what it was for.
/// </summary>
[DurableTask(OrchestrationNames.ExpireAction)]
internal sealed class ExpireActionOrchestrator : TaskOrchestrator<ExpiryRequest, ExpiryOutcome>
{
    /// <summary>How long the inverse is tried after it is due, or after it was begun again later than that.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>Between two tries at most; the first ones come sooner.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);

    // Looks at what needs the effect: soon after the recovery, then less and less often.
    private const double Growth = 1.5;
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    public override async Task<ExpiryOutcome> RunAsync(TaskOrchestrationContext context, ExpiryRequest? input)
    {
        var expiry = input!;

        // One that was lost and begun again after its time has all of its patience too.
        var giveUpAt = (Now(context) > expiry.At ? Now(context) : expiry.At) + Patience;
        if (!expiry.EndsWithNeed || !await EndsEarlyAsync(context, expiry))
        {
            await context.CreateTimer(expiry.At.UtcDateTime, CancellationToken.None);
        }

        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            var undone = await UndoAsync(context, expiry);
            if (IsFinal(expiry, undone, attempt)) return new ExpiryOutcome(expiry.Key, undone.Status, undone.Detail, attempt);
            if (Now(context) + pause > giveUpAt || (expiry.Settles && undone.Status == ActionStatus.NoEffect))
            {
                await CallPeopleAsync(context, expiry, undone);
                return new ExpiryOutcome(expiry.Key, undone.Status, undone.Detail, attempt);
            }

            await context.CreateTimer(pause, CancellationToken.None);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // True: healed, and nothing needs the effect any more.
    private static async Task<bool> EndsEarlyAsync(TaskOrchestrationContext context, ExpiryRequest expiry)
    {
        using var healed = new CancellationTokenSource();
        var due = context.CreateTimer(expiry.At.UtcDateTime, healed.Token);
        var recovered = context.WaitForExternalEvent<string>(ExpiryRequest.Recovered, CancellationToken.None);
        if (await Task.WhenAny(recovered, due) == due) return false;
        healed.CancelInTurn();
        var pause = FirstLook;
        while (Now(context) + pause < expiry.At)
        {
            await context.CreateTimer(pause, CancellationToken.None);
            if (await IsNeededAsync(context, expiry) == false) return true;
            pause = pause * Growth < LongestWait ? pause * Growth : LongestWait;
        }

        return false;
    }

    // Null: it could not be seen.
    private static async Task<bool?> IsNeededAsync(TaskOrchestrationContext context, ExpiryRequest expiry)
    {
        try
        {
            return (await context.CallLookAtNeedAsync(expiry, Retries.Look)).Need is not null;
        }
        catch (TaskFailedException)
        {
            return null;
        }
    }

    // Refused says that there is nothing to undo, and no more. It is believed at the second look only: a write that was on its way when
    // the first one came is seen then. So is a pod that was being made anew under its name, where there is something to give up in it.
    private static bool IsFinal(ExpiryRequest expiry, ActionResult undone, int attempt) => undone.Status switch
    {
        ActionStatus.TargetGone when expiry.Settles => attempt > 1,
        ActionStatus.Applied or ActionStatus.ChangedByOther or ActionStatus.TargetGone => true,
        ActionStatus.Refused => attempt > 1,
        _ => false,
    };

    private static async Task<ActionResult> UndoAsync(TaskOrchestrationContext context, ExpiryRequest expiry)
    {
        var request = new UndoRequest(expiry.UndoKey, expiry.Key, expiry.IncidentId, expiry.ActionId, expiry.Target)
        {
            Settles = expiry.Settles,
        };
        try
        {
            return await context.CallUndoActionAsync(request, Retries.Cluster);
        }
        catch (TaskFailedException e)
        {
            return new ActionResult(expiry.UndoKey, ActionStatus.Failed, SafeText.Line(e.FailureDetails.ErrorMessage, 300));
        }
    }

    private static Task<bool> CallPeopleAsync(TaskOrchestrationContext context, ExpiryRequest expiry, ActionResult undone)
    {
        var now = Now(context);
        var trigger = Signal.Of(
            new Alert("HealExpiryFailed", AlertStatus.Firing, new Dictionary<string, string> { ["action"] = expiry.ActionId },
                new Dictionary<string, string>(), expiry.At, null, expiry.InstanceId),
            SignalSource.Reconcile, now);
        var reason = expiry.Settles
            ? $"what '{expiry.ActionId}' kept of {expiry.Target} was to be given up at {expiry.At:u}, without success: {undone.Detail}"
            : $"the effect of '{expiry.ActionId}' on {expiry.Target} was to end at {expiry.At:u} and could not be undone: {undone.Detail}";
        return context.CallEscalateAsync(
            new HandOff($"{expiry.InstanceId}", expiry.Target, OutcomeKind.Failed, reason, null, trigger, null, null, null, [], now),
            Retries.Store);
    }

    private static DateTimeOffset Now(TaskOrchestrationContext context) =>
        new(DateTime.SpecifyKind(context.CurrentUtcDateTime, DateTimeKind.Utc));
}
