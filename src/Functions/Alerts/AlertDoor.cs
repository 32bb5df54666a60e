using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// What all doors for alerts have in common, before what is common to all signals (<see cref="SignalIntake"/>): whoever waits for the alert
/// that always fires hears of it, and alerts that name a cluster while this one has no name are told of.
/// </summary>
internal sealed partial class AlertDoor(
    SignalIntake intake, IAlertHeartbeat heartbeat, AlertOrigins origins, ILogger<AlertDoor> logger)
{
    /// <summary>Stores signals; returns when every one is committed.</summary>
    /// <returns>What was stored, and what the sender should know; null: nothing.</returns>
    /// <exception cref="IntakeUnavailableException">As <see cref="SignalIntake.StoreAsync"/>.</exception>
    public async Task<(IReadOnlyList<StoredSignal> Stored, string? Warning)> StoreAsync(
        DurableTaskClient client, IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredSignal> stored = await intake.StoreAsync(client, signals, cancellationToken);
        string? warning = origins.Check(signals);
        try
        {
            await heartbeat.HearAsync(signals, cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // The alerts are stored, and the next beat comes.
            Log.NotHeard(logger, failed);
        }

        return (stored, warning);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "That the alert which always fires has come could not be noted. The next one counts; if none can be noted, people "
                + "are called for its silence (Heal:Watchdog).")]
        public static partial void NotHeard(ILogger logger, Exception exception);
    }
}
