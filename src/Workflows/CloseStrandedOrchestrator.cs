using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Closes an incident whose orchestration ended without doing so: people are told, unless one of them ended it, and the next signal of the
/// target opens a new incident. As long as it is open, every signal would go to an incident that nobody works on. What was done to the
/// target, and is perhaps not finished, is in the operation ledger; effects with a time limit end by themselves.
/// </summary>
[DurableTask(OrchestrationNames.CloseStranded)]
internal sealed class CloseStrandedOrchestrator : TaskOrchestrator<StrandedIncident, IncidentOutcome>
{
    public override async Task<IncidentOutcome> RunAsync(TaskOrchestrationContext context, StrandedIncident? input)
    {
        var (incident, kind, reason) = input!;
        var now = new DateTimeOffset(DateTime.SpecifyKind(context.CurrentUtcDateTime, DateTimeKind.Utc));
        if (kind == OutcomeKind.Failed)
        {
            await context.CallEscalateAsync(
                new HandOff(
                    incident.IncidentId, incident.Target, kind, reason, incident.Workflow?.Escalation, incident.Trigger, null, null, null,
                    [], now),
                Retries.Store);
        }

        // The signals that came after its end were looked at by nobody, and are no reason to keep it open.
        for (var seen = 1; ;)
        {
            var outcome = new IncidentOutcome(
                incident.IncidentId, incident.Target, kind, reason, null, null, [], [], incident.OpenedAt, now, seen);
            await context.CallRecordOutcomeAsync(outcome, Retries.Store);
            var closed = await context.CallCloseIncidentAsync(new CloseRequest(outcome, seen), Retries.Store);
            if (closed.Closed) return outcome;
            seen = closed.SignalsSeen;
        }
    }
}
