using Heal.Activities;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>
/// Starts the orchestration that ends an effect with a time limit. It is a child of nobody: the effect ends whatever becomes of the
/// incident. Noted in the store first, from which <see cref="TendExpiries"/> begins it again when it is lost. At least once, one effect:
/// an instance that exists is success.
/// </summary>
internal sealed class StartExpiry(IExpiries expiries, TimeProvider time)
{
    [Function(ActivityNames.StartExpiry)]
    public async Task<string> RunAsync(
        [ActivityTrigger] ExpiryRequest expiry, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await expiries.RegisterAsync(expiry, time.GetUtcNow(), cancellationToken);
        await new DurableIncidents(client).ExpireAsync(expiry, cancellationToken);
        return expiry.InstanceId;
    }
}
