using DurableTask.Core.Exceptions;
using Heal.Activities;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>
/// Starts the incident orchestration under the incident's id. At least once, one effect: an instance that exists is success, whatever
/// its status, because an episode is never started twice.
/// </summary>
internal static class StartIncident
{
    private static readonly OrchestrationRuntimeStatus[] AnyStatus =
    [
        OrchestrationRuntimeStatus.Pending,
        OrchestrationRuntimeStatus.Running,
        OrchestrationRuntimeStatus.Suspended,
        OrchestrationRuntimeStatus.Completed,
        OrchestrationRuntimeStatus.Failed,
        OrchestrationRuntimeStatus.Terminated,
    ];

    [Function(ActivityNames.StartIncident)]
    public static async Task<string> RunAsync(
        [ActivityTrigger] IncidentInput incident, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        StartOrchestrationOptions options = new StartOrchestrationOptions(incident.IncidentId).WithDedupeStatuses(AnyStatus);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(OrchestrationNames.Incident, incident, options, cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // An earlier attempt of this very call got through.
        }

        return incident.IncidentId;
    }
}
