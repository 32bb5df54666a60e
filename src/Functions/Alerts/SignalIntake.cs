using DurableTask.Core.Exceptions;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// The one way in for alerts, whichever door they came through: each becomes a stored orchestration that routes it to the incident of
/// its target. At least once: a sender that got no answer sends again, and the second copy of a signal is recognised by its id.
/// </summary>
internal sealed partial class SignalIntake(ILogger<SignalIntake> logger)
{
    /// <summary>How many signals are stored at the same time. Sixteen fill one group commit without starving other requests.</summary>
    private const int StoredAtOnce = 16;

    // A signal whose routing failed may be routed again; in every other status a copy is a duplicate.
    private static readonly OrchestrationRuntimeStatus[] KnownStatuses =
    [
        OrchestrationRuntimeStatus.Pending,
        OrchestrationRuntimeStatus.Running,
        OrchestrationRuntimeStatus.Suspended,
        OrchestrationRuntimeStatus.Completed,
        OrchestrationRuntimeStatus.Terminated,
    ];

    /// <summary>Stores signals; returns when every one is stored.</summary>
    /// <exception cref="IntakeUnavailableException">The store did not take all of them. Those that it took are recognised next
    /// time.</exception>
    public async Task<IReadOnlyList<StoredSignal>> StoreAsync(
        DurableTaskClient client, IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        var stored = new StoredSignal[signals.Count];
        try
        {
            await Parallel.ForAsync(
                0,
                signals.Count,
                new ParallelOptions { MaxDegreeOfParallelism = StoredAtOnce, CancellationToken = cancellationToken },
                async (index, token) => stored[index] = await StoreAsync(client, signals[index], token));
            return stored;
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            int count = stored.Count(signal => signal is not null);
            Log.NotStored(logger, failed, signals.Count - count, signals.Count);
            throw new IntakeUnavailableException(signals.Count - count, signals.Count, failed);
        }
    }

    private async Task<StoredSignal> StoreAsync(DurableTaskClient client, Signal signal, CancellationToken cancellationToken)
    {
        StartOrchestrationOptions options = new StartOrchestrationOptions(signal.InstanceId).WithDedupeStatuses(KnownStatuses);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(OrchestrationNames.RouteSignal, signal, options, cancellationToken);
            Log.Stored(logger, signal.Source, signal.Alert.Name, signal.Id, signal.CorrelationId);
            return new StoredSignal(signal.Id, signal.Alert.Name, IsDuplicate: false);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            Log.Duplicate(logger, signal.Source, signal.Alert.Name, signal.Id, signal.CorrelationId);
            return new StoredSignal(signal.Id, signal.Alert.Name, IsDuplicate: true);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "{Source}: alert '{Alert}' is stored as signal {SignalId} (correlation {CorrelationId}).")]
        public static partial void Stored(ILogger logger, SignalSource source, string alert, string signalId, string? correlationId);

        [LoggerMessage(Level = LogLevel.Debug,
            Message = "{Source}: alert '{Alert}' is known already as signal {SignalId} (correlation {CorrelationId}).")]
        public static partial void Duplicate(ILogger logger, SignalSource source, string alert, string signalId, string? correlationId);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "{Missing} of {Count} signals could not be stored. The sender is told to send them again.")]
        public static partial void NotStored(ILogger logger, Exception exception, int missing, int count);
    }
}

/// <param name="IsDuplicate">True when the same signal was stored before, by this or another door.</param>
internal sealed record StoredSignal(string Id, string Alert, bool IsDuplicate);

/// <summary>Signals could not be stored. Nothing that was acknowledged is lost: these were not.</summary>
internal sealed class IntakeUnavailableException(int missing, int count, Exception innerException)
    : Exception($"{missing} of {count} signals could not be stored. Send them again; copies are recognised.", innerException)
{
    public int Missing { get; } = missing;
    public int Count { get; } = count;
}
