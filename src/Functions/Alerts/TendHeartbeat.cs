using Heal.Activities;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Alerts;

/// <summary>
/// At start and every minute, on one host: looks whether the alert that always fires has come (<c>Heal:Watchdog</c>), and calls people
/// when it stays away. What fails is tried again by the next run.
/// </summary>
internal sealed class TendHeartbeat(IAlertHeartbeat heartbeat)
{
    [Function(nameof(TendHeartbeat))]
    public Task RunAsync([TimerTrigger("10 * * * * *", RunOnStartup = true)] TimerInfo timer, CancellationToken cancellationToken) =>
        heartbeat.LookAsync(cancellationToken);
}
