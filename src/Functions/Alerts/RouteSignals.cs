using Heal.Activities;
using Heal.Functions.Incidents;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Alerts;

/// <summary>The activity that routes one batch of signals. At least once; see <see cref="ISignalRouter"/>.</summary>
internal sealed class RouteSignals(ISignalRouter router)
{
    [Function(ActivityNames.RouteSignals)]
    public Task<RoutingReport> RunAsync(
        [ActivityTrigger] RoutingRun run, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        router.RouteAsync(new DurableIncidents(client), cancellationToken);
}
