using Heal.Activities;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Alerts;

/// <summary>
/// At start and twice a minute: finds signals that a process which died has left, measures the backlog and warns of it, and forgets
/// what was routed long ago.
/// </summary>
internal sealed partial class TendSignals(
    IReceivedSignals signals, RoutingPump routing, IOptionsMonitor<HealOptions> options, TimeProvider time,
    ILogger<TendSignals> logger)
{
    /// <summary>Steps of a purge in one run; the rest is for the next.</summary>
    private const int PurgeSteps = 20;

    [Function(nameof(TendSignals))]
    public async Task RunAsync(
        [TimerTrigger("*/30 * * * * *", RunOnStartup = true)] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        IntakeOptions intake = options.CurrentValue.Intake;
        SignalBacklog found = await signals.BacklogAsync(cancellationToken);
        if (found.Waiting + found.Looking > 0)
        {
            routing.WakeForOthers(client);
        }

        if (found.OldestReceivedAt is { } oldest && time.GetUtcNow() - oldest > intake.WarnAfter)
        {
            Log.Backlog(logger, found.Waiting, time.GetUtcNow() - oldest);
        }

        // Each was an error in the log when it was parked; a reminder every ten minutes is enough.
        if (found.Parked > 0 && time.GetUtcNow() is { Second: < 30 } now && now.Minute % 10 == 0)
        {
            Log.Parked(logger, found.Parked);
        }

        int forgotten = 0;
        for (int step = 0, purged = 1; step < PurgeSteps && purged > 0; step++)
        {
            purged = await signals.PurgeAsync(time.GetUtcNow() - intake.KeepRouted, cancellationToken);
            forgotten += purged;
        }

        if (forgotten > 0)
        {
            Log.Forgotten(logger, forgotten, intake.KeepRouted);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} signals wait to be routed; the oldest came {Age} ago.")]
        public static partial void Backlog(ILogger logger, long count, TimeSpan age);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "{Count} signals are parked: their routing was given up. GET /api/signals?state=parked lists them with the reasons.")]
        public static partial void Parked(ILogger logger, long count);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} signals that were routed more than {Age} ago are forgotten.")]
        public static partial void Forgotten(ILogger logger, int count, TimeSpan age);
    }
}
