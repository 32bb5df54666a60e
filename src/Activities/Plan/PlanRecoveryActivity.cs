using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Chooses what to do: reads the target's and the incident's history from the ledger and asks the planner.</summary>
[DurableTask(ActivityNames.PlanRecovery)]
internal sealed class PlanRecoveryActivity(IHealStore store, ActionCatalogue actions, TimeProvider time)
    : TaskActivity<PlanRequest, Healing.Plan>
{
    public override async Task<Healing.Plan> RunAsync(TaskActivityContext context, PlanRequest? input)
    {
        var (incident, now) = (input!.Incident, time.GetUtcNow());
        var since = now - incident.Limits.IneffectiveWindow;
        var all = await store.HistoryAsync(incident.Target.Key, exceptIncident: "", since, CancellationToken.None);
        var history = all.Where(operation => operation.IncidentId != incident.IncidentId).ToList();

        // What it made before its orchestration was lost and started again, that one does not know of.
        var own = all.Where(operation => operation.IncidentId == incident.IncidentId).Select(operation => operation.ActionId).ToList();
        var forgotten = own.Count > input.ActionsApplied ? own.Except(input.ActionsTried, StringComparer.Ordinal) : [];
        return Planner.Decide(new PlanningFacts(
            incident.Trigger.Alert.Name,
            input.Evidence,
            input.Diagnosis,
            incident.Workflow,
            actions.Descriptors,
            Refusals(incident.Workflow, input.Evidence),
            [.. input.ActionsTried, .. forgotten],
            Math.Max(input.ActionsApplied, own.Count),
            history,
            incident.Limits,
            now) { ActionsInVain = input.ActionsInVain });
    }

    private Dictionary<string, string> Refusals(WorkflowDefinition? workflow, EvidenceBundle evidence)
    {
        var refusals = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var step in workflow?.Actions ?? [])
        {
            if (actions.Find(step.Id) is not { } action) continue;
            var parameters = ActionParameters.Complete(action.Descriptor, step.Parameters);
            if (action.Refusal(evidence, parameters) is { } refusal) refusals[step.Id] = refusal;
        }

        return refusals;
    }
}
