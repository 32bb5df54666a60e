using System.Diagnostics;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// The queue door: messages of the queue <c>alerts</c>, each one alert or a whole webhook payload. At least once; a message that cannot
/// be used goes to <c>alerts-poison</c> after the host's maximum dequeue count, with the reason in the log.
/// </summary>
internal sealed partial class IntakeAlert(AlertDoor door, TimeProvider time, ILogger<IntakeAlert> logger)
{
    [Function(nameof(IntakeAlert))]
    public async Task RunAsync(
        [QueueTrigger("alerts")] BinaryData message,
        [DurableClient] DurableTaskClient client,
        FunctionContext context,
        CancellationToken cancellationToken)
    {
        AlertBatch batch = AlertMessage.Parse(message.ToMemory());
        if (batch.Faults.Count > 0 && batch.Alerts.Count == 0)
        {
            throw new InvalidDataException("The message is no alert: " + string.Join("; ", batch.Faults));
        }

        foreach (AlertFault fault in batch.Faults)
        {
            Log.PartlyUnusable(logger, context.InvocationId, fault);
        }

        DateTimeOffset now = time.GetUtcNow();
        string? trace = Activity.Current?.Id;
        Signal[] signals = [.. batch.Alerts.Select(alert => Signal.Of(alert, SignalSource.Queue, now, context.InvocationId, trace))];
        await door.StoreAsync(client, signals, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Queue message {InvocationId}: one of its alerts cannot be used. {Fault}")]
        public static partial void PartlyUnusable(ILogger logger, string invocationId, AlertFault fault);
    }
}
