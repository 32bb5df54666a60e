using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Records the hand-off bundle and logs it as a warning. That is all it does so far: mail, chat and tickets come later and will take the
/// bundle from the store, so an addressee is not reached by this alone.
/// </summary>
[DurableTask(ActivityNames.Escalate)]
internal sealed partial class EscalateActivity(IHealStore store, ILogger<EscalateActivity> logger) : TaskActivity<HandOff, bool>
{
    public override async Task<bool> RunAsync(TaskActivityContext context, HandOff? input)
    {
        var handOff = input!;
        await store.RecordHandOffAsync(handOff, CancellationToken.None);
        var cause = handOff.Diagnosis?.Leading()?.Statement ?? "none found";
        Log.HandedOff(logger, handOff.IncidentId, handOff.Target.ToString(), handOff.Escalation?.To ?? "nobody in particular",
            handOff.Outcome, handOff.Reason, cause, handOff.Plan?.Summary ?? "none");
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Incident {Incident} of {Target} is handed to {Addressee} as {Outcome}: {Reason}. Cause: {Cause}. Plan: {Plan}")]
        public static partial void HandedOff(
            ILogger logger, string incident, string target, string addressee, OutcomeKind outcome, string reason, string cause,
                string plan);
    }
}
