using DurableTask.Core;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Hosting;

/// <summary>Removes instances that ended long ago, in the background, a bounded number at a time.</summary>
internal sealed partial class RetentionDuty(WorkerRuntime runtime)
{
    private readonly RetentionOptions _options = runtime.HubOptions.Retention;
    private readonly Dictionary<OrchestrationStatus, TimeSpan> _kept = Kept(runtime.HubOptions.Retention);

    public async Task RunAsync(CancellationToken stopping)
    {
        if (_kept.Count == 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(_options.Interval, runtime.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await TryRunOnceAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The worker stops.
        }
    }

    /// <returns>How many instances were removed.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int purged = 0;
        for (int batch = 0; batch < _options.MaximumBatches; batch++)
        {
            ExpiryRound round = await runtime.Hub.PurgeExpiredAsync(_kept, _options.BatchSize, cancellationToken);
            purged += round.Purged;
            if (round.IsLast)
            {
                break;
            }
        }

        return purged;
    }

    private async Task TryRunOnceAsync(CancellationToken stopping)
    {
        try
        {
            if (await RunOnceAsync(stopping) is > 0 and var purged)
            {
                Log.Purged(runtime.Logger, purged);
            }
        }
        catch (Exception unavailable) when (unavailable is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.NotPurged(runtime.Logger, unavailable.Message);
        }
    }

    private static Dictionary<OrchestrationStatus, TimeSpan> Kept(RetentionOptions options) => new[]
    {
        (Status: OrchestrationStatus.Completed, Time: options.Completed),
        (Status: OrchestrationStatus.Failed, Time: options.Failed),
        (Status: OrchestrationStatus.Terminated, Time: options.Terminated),
    }.Where(kept => kept.Time is not null).ToDictionary(kept => kept.Status, kept => kept.Time!.Value);

    private static partial class Log
    {
        [LoggerMessage(EventId = 648, Level = LogLevel.Information, Message = "{Count} instances that ended long ago were removed.")]
        public static partial void Purged(ILogger logger, int count);

        [LoggerMessage(EventId = 649, Level = LogLevel.Warning,
            Message = "Instances that ended long ago could not be removed; the next attempt is in the next interval. {Reason}")]
        public static partial void NotPurged(ILogger logger, string reason);
    }
}
