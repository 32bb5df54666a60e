using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Waits for instances; 30 s at most.</summary>
internal static class Instances
{
    public static async Task<OrchestrationMetadata> EndAsync(this TestHost host, string id)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await host.Get<DurableTaskClient>().WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);
    }
}
