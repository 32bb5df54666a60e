using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>Stores what came of an incident, per cause, action and context: what later choices will be weighed by.</summary>
[DurableTask(ActivityNames.RecordOutcome)]
internal sealed partial class RecordOutcomeActivity(IHealStore store, ILogger<RecordOutcomeActivity> logger)
    : TaskActivity<IncidentOutcome, bool>
{
    public override async Task<bool> RunAsync(TaskActivityContext context, IncidentOutcome? input)
    {
        await store.RecordOutcomeAsync(input!, CancellationToken.None);
        Log.Ended(logger, input!.IncidentId, input.Target.ToString(), input.Kind, (input.EndedAt - input.OpenedAt).TotalSeconds,
            input.Reason);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Incident {Incident} of {Target} ends as {Outcome} after {Seconds} s: {Reason}")]
        public static partial void Ended(
            ILogger logger, string incident, string target, OutcomeKind outcome, double seconds, string reason);
    }
}
