using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Chooses what to do: reads the target's and the incident's history from the ledger and asks the planner. Where the incident's
/// own workflow has nothing for the fault, it looks for one among those of the signals that joined.</summary>
[DurableTask(ActivityNames.PlanRecovery)]
internal sealed class PlanRecoveryActivity(
    IHealStore store, IAttachedSignals attached, ActionCatalogue actions, WorkflowCatalogue workflows, TimeProvider time)
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
        var facts = new PlanningFacts(
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
            now) { ActionsInVain = input.ActionsInVain };
        var plan = Planner.Decide(facts);
        return plan.NothingFits ? plan with { Instead = await InsteadAsync(incident, facts) } : plan;
    }

    // The first whose workflow has something for the fault. Without any workflow the first that has one: it knows whom to call.
    private async Task<ServedSignal?> InsteadAsync(IncidentInput incident, PlanningFacts facts)
    {
        var signals = await attached.OfIncidentAsync(incident.IncidentId, CancellationToken.None);
        var others = signals.Select(signal => (Signal: signal, Workflow: workflows.For(signal)))
            .Where(other => other.Workflow is { } workflow && workflow.Name != incident.Workflow?.Name
                && !incident.Passed.Contains(workflow.Name) && workflow.ActsOn(incident.Target, facts.Actions))
            .Select(other => new ServedSignal(other.Signal, other.Workflow!)).ToList();
        return others.Find(other => !With(other).NothingFits) ?? (incident.Workflow is null ? others.FirstOrDefault() : null);

        Healing.Plan With(ServedSignal other) => Planner.Decide(facts with
        {
            AlertName = other.Signal.Alert.Name,
            Workflow = other.Workflow,
            Refusals = Refusals(other.Workflow, facts.Evidence),
            Diagnosis = AlertClaim.Add(facts.Diagnosis, facts.Evidence, other.Signal.Alert.Name, other.Workflow.AlertProves),
        });
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
