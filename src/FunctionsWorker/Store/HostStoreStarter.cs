using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>Makes the store ready before any service starts that may use it. A host whose store is away starts without it: each service
/// that needs it says so, and tries on.</summary>
internal sealed class HostStoreStarter(IHostStore store) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.InitializeAsync(cancellationToken);
        }
        catch (Exception away) when (store.IsAway(away))
        {
            // Whoever asks it next tries again.
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
