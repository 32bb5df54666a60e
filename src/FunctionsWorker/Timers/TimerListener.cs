using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// Fires the timer functions, each in a loop of its own. Of all hosts that share a store, one runs an occurrence; never two runs of one
/// function at a time. The delivery is at least once: a host that dies in a run is followed by another that runs the occurrence again.
/// </summary>
internal sealed class TimerListener(
    IReadOnlyList<TimerFunction> timers,
    IHostStore store,
    TimerRunner runner,
    TimerLease lease,
    HostHealth health,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<TimerListener> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Nothing new from the first moment on: this service's own turn to stop comes later, after that of the web server.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await Task.WhenAll(timers.Select(
            timer => new TimerLoop(timer, store, runner, lease, health, time, logger).RunAsync(stopping.Token)));
    }
}
