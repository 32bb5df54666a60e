using System.Diagnostics;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// Every minute: asks Alertmanager what fires, and feeds it into the same intake. What a webhook brought already is recognised by its id;
/// what got lost on the way (or was cut from a notification) arrives here.
/// </summary>
internal sealed partial class ReconcileAlerts(
    AlertDoor door, AlertmanagerClient alertmanager, TimeProvider time, ILogger<ReconcileAlerts> logger)
{
    [Function(nameof(ReconcileAlerts))]
    public async Task RunAsync(
        [TimerTrigger("0 * * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        FunctionContext context,
        CancellationToken cancellationToken)
    {
        if (!alertmanager.IsConfigured)
        {
            return;
        }

        AlertBatch firing;
        try
        {
            firing = await alertmanager.GetFiringAsync(cancellationToken);
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or TimeoutException or InvalidDataException)
        {
            // The next minute tries again; the webhook does not depend on this.
            Log.Unreachable(logger, SafeUrl.Server(alertmanager.Url!), unreachable.Message);
            return;
        }

        foreach (AlertFault fault in firing.Faults)
        {
            Log.Unusable(logger, fault);
        }

        DateTimeOffset now = time.GetUtcNow();
        string? trace = Activity.Current?.Id;
        Signal[] signals = [.. firing.Alerts.Select(alert => Signal.Of(alert, SignalSource.Reconcile, now, context.InvocationId, trace))];
        (IReadOnlyList<StoredSignal> stored, _) = await door.StoreAsync(client, signals, cancellationToken);
        int missed = stored.Count(signal => !signal.IsDuplicate);
        if (missed > 0)
        {
            Log.Caught(logger, missed, stored.Count);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Alertmanager at {Url} could not be asked what fires: {Reason} The next attempt is in a minute.")]
        public static partial void Unreachable(ILogger logger, string url, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "An alert that Alertmanager lists cannot be used. {Fault}")]
        public static partial void Unusable(ILogger logger, AlertFault fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Missed} of {Count} firing alerts had not reached us by webhook or queue.")]
        public static partial void Caught(ILogger logger, int missed, int count);
    }
}
