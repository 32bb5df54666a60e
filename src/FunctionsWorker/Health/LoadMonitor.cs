using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>
/// Knows whether this process is in trouble: work waits longer than <see cref="StarvedAfter"/> for a thread, or memory is above
/// <c>healthMonitor.counterThreshold</c>. Measures every second when requests are refused by it, else every <c>healthCheckInterval</c>;
/// says at <c>/healthz/ready</c> when <c>healthCheckThreshold</c> checks of <c>healthCheckWindow</c> were bad.
/// </summary>
internal sealed partial class LoadMonitor(
    ILoadProbe probe, HostSettings settings, HostHealth health, TimeProvider time, ILogger<LoadMonitor> logger) : BackgroundService
{
    public static readonly TimeSpan StarvedAfter = TimeSpan.FromSeconds(1);

    private const string Dependency = "host load";
    private static readonly TimeSpan ThrottleInterval = TimeSpan.FromSeconds(1);

    private readonly Queue<long> _badChecks = new();
    private string? _trouble;
    private long _measuringSince = long.MaxValue;

    /// <summary>What is wrong right now; null when nothing is.</summary>
    public string? Trouble => Volatile.Read(ref _trouble) ?? Unanswered();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.HealthMonitor.Enabled && !settings.Http.DynamicThrottles)
        {
            return;
        }

        TimeSpan interval = settings.Http.DynamicThrottles ? ThrottleInterval : settings.HealthMonitor.Interval;
        long lastCheck = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            await MeasureAsync();
            if (settings.HealthMonitor.Enabled && time.GetElapsedTime(lastCheck) >= settings.HealthMonitor.Interval)
            {
                lastCheck = time.GetTimestamp();
                Check(lastCheck);
            }

            await Task.Delay(interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task MeasureAsync()
    {
        Volatile.Write(ref _measuringSince, time.GetTimestamp());
        LoadSample sample = await probe.MeasureAsync();
        Volatile.Write(ref _measuringSince, long.MaxValue);
        string? before = _trouble;
        string? now = sample.ThreadPoolDelay > StarvedAfter ? Starved(sample.ThreadPoolDelay)
            : sample.MemoryShare > settings.HealthMonitor.CounterThreshold
                ? $"the process has {sample.MemoryShare:P0} of the memory, expected at most {settings.HealthMonitor.CounterThreshold:P0}"
            : null;
        Volatile.Write(ref _trouble, now);
        if (now is not null && before is null)
        {
            Log.Trouble(logger, now);
        }
        else if (now is null && before is not null)
        {
            Log.Calm(logger);
        }
    }

    private void Check(long now)
    {
        while (_badChecks.TryPeek(out long oldest) && time.GetElapsedTime(oldest, now) > settings.HealthMonitor.Window)
        {
            _badChecks.Dequeue();
        }

        if (_trouble is not null)
        {
            _badChecks.Enqueue(now);
        }

        bool isBad = _badChecks.Count >= settings.HealthMonitor.Threshold;
        health.Report(Dependency, isBad ? $"{_badChecks.Count} bad checks within {settings.HealthMonitor.Window}" : null);
    }

    // A process without a free thread does not finish its measurement either.
    private string? Unanswered()
    {
        long since = Volatile.Read(ref _measuringSince);
        return since != long.MaxValue && time.GetElapsedTime(since) is var waited && waited > StarvedAfter ? Starved(waited) : null;
    }

    private static string Starved(TimeSpan delay) => $"work waits {delay.TotalSeconds:0.0} s for a thread";

    private static partial class Log
    {
        [LoggerMessage(90, LogLevel.Warning, "The process is in trouble: {Trouble}")]
        public static partial void Trouble(ILogger logger, string trouble);

        [LoggerMessage(91, LogLevel.Information, "The process is no longer in trouble")]
        public static partial void Calm(ILogger logger);
    }
}
