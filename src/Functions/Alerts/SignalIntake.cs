using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// The one way in for alerts, whichever door they came through: each is stored, and routed to the incident of its target after that.
/// At least once: a sender that got no answer sends again, and the second copy of a signal is recognised by its id.
/// </summary>
internal sealed partial class SignalIntake(ISignalWriter writer, RoutingPump routing, ILogger<SignalIntake> logger)
{
    /// <summary>Stores signals; returns when every one is committed.</summary>
    /// <exception cref="IntakeUnavailableException">The store did not take them. Those that it took all the same are recognised next
    /// time.</exception>
    public async Task<IReadOnlyList<StoredSignal>> StoreAsync(
        DurableTaskClient client, IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        if (signals.Count == 0)
        {
            return [];
        }

        IReadOnlyList<bool> isNew;
        try
        {
            Task<IReadOnlyList<bool>> writing = writer.WriteAsync(signals, cancellationToken);

            // Routing takes about as long to begin as a commit takes: it is woken now, and waits for the commit when it is early.
            routing.Wake(client);
            isNew = await writing;
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotStored(logger, failed, signals.Count);
            throw new IntakeUnavailableException(signals.Count, failed);
        }

        var stored = new StoredSignal[signals.Count];
        int added = 0;
        for (int i = 0; i < stored.Length; i++)
        {
            stored[i] = new StoredSignal(signals[i].Id, signals[i].Alert.Name, IsDuplicate: !isNew[i]);
            added += isNew[i] ? 1 : 0;
        }

        if (added > 0)
        {
            routing.Wake(client);
        }

        Tell(signals, stored, added);
        return stored;
    }

    private void Tell(IReadOnlyList<Signal> signals, StoredSignal[] stored, int added)
    {
        Signal first = signals[0];
        if (added > 0)
        {
            Log.Stored(logger, first.Source, added, stored.Length - added, first.Alert.Name, first.Id, first.CorrelationId);
        }

        if (logger.IsEnabled(LogLevel.Debug))
        {
            foreach (StoredSignal signal in stored)
            {
                Log.Signal(logger, first.Source, signal.Alert, signal.Id, signal.IsDuplicate, first.CorrelationId);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "{Source}: {Stored} signals are stored, {Known} were known; the first is alert '{Alert}', signal {SignalId} "
                + "(correlation {CorrelationId}).")]
        public static partial void Stored(
            ILogger logger, SignalSource source, int stored, int known, string alert, string signalId, string? correlationId);

        [LoggerMessage(Level = LogLevel.Debug,
            Message = "{Source}: alert '{Alert}' is signal {SignalId}, known before: {IsDuplicate} (correlation {CorrelationId}).")]
        public static partial void Signal(
            ILogger logger, SignalSource source, string alert, string signalId, bool isDuplicate, string? correlationId);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Count} signals could not be stored. The sender is told to send them again.")]
        public static partial void NotStored(ILogger logger, Exception exception, int count);
    }
}

/// <param name="IsDuplicate">True when the same signal was stored before, by this or another door.</param>
internal sealed record StoredSignal(string Id, string Alert, bool IsDuplicate);

/// <summary>Signals could not be stored. Nothing that was acknowledged is lost: these were not.</summary>
internal sealed class IntakeUnavailableException(int count, Exception innerException)
    : Exception(
        innerException is IntakeFullException
            ? $"{count} signals could not be stored: too many wait already. Send them again; copies are recognised."
            : $"{count} signals could not be stored. Send them again; copies are recognised.",
        innerException)
{
    public int Count { get; } = count;
}
