using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// One incident: collect, detect, diagnose, plan, approve, recover, verify, roll back, escalate, learn, close. Only decides what comes
/// next;
/// activities look, judge and act, and what they judged is in the history, so that new rules do not bend an incident under way.
/// </summary>
[DurableTask(OrchestrationNames.Incident)]
internal sealed class IncidentOrchestrator : TaskOrchestrator<IncidentInput, IncidentOutcome>
{
    public override Task<IncidentOutcome> RunAsync(TaskOrchestrationContext context, IncidentInput? input) =>
        new IncidentRun(context, input!).RunAsync();
}
