using DurableTask.Core.Exceptions;
using Heal.Activities;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>
/// Starts the orchestration that ends an effect with a time limit. It is a child of nobody: the effect ends whatever becomes of the
/// incident. At least once, one effect: an instance that exists is success.
/// </summary>
internal static class StartExpiry
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

    [Function(ActivityNames.StartExpiry)]
    public static async Task<string> RunAsync(
        [ActivityTrigger] ExpiryRequest expiry, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        StartOrchestrationOptions options = new StartOrchestrationOptions(expiry.InstanceId).WithDedupeStatuses(AnyStatus);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(OrchestrationNames.ExpireAction, expiry, options, cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // An earlier attempt of this very call got through.
        }

        return expiry.InstanceId;
    }
}
