using Heal.Activities;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>
/// Starts the incident orchestration under the incident's id. At least once, one effect: an instance that exists is success, whatever
/// its status, because an episode is never started twice.
/// </summary>
internal static class StartIncident
{
    [Function(ActivityNames.StartIncident)]
    public static async Task<string> RunAsync(
        [ActivityTrigger] IncidentInput incident, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await new DurableIncidents(client).StartAsync(incident, cancellationToken);
        return incident.IncidentId;
    }
}
