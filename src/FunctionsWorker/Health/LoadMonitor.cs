using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>
/// Knows whether this process is in trouble: work waits longer than <see cref="StarvedAfter"/> for a thread, or memory is above
/// <c>healthMonitor.counterThreshold</c>. Measures every second when requests are refused by it, else every <c>healthCheckInterval</c>;
/// says in the log and at <c>/healthz/ready</c> when <c>healthCheckThreshold</c> checks of <c>healthCheckWindow</c> were bad.
/// </summary>
internal sealed partial class LoadMonitor(
    ILoadProbe probe, HostSettings settings, HostHealth health, TimeProvider time, ILogger<LoadMonitor> logger) : BackgroundService
{
    public static readonly TimeSpan StarvedAfter = TimeSpan.FromSeconds(1);

    private const string Dependency = "host load";
    private static readonly TimeSpan ThrottleInterval = TimeSpan.FromSeconds(1);

    private readonly Queue<long> _badChecks = new();
    private string? _trouble;
    private string? _said;
    private bool _isBad;

    // When the measurement that is under way began, or the next one is due: a timestamp.
    private long _answerDueFrom = long.MaxValue;

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
        Task measuring = Task.CompletedTask;
        while (!stoppingToken.IsCancellationRequested)
        {
            Task pause = Task.Delay(interval, time, stoppingToken);
            measuring = measuring.IsCompleted ? MeasureAsync(interval) : measuring;
            // A process without a free thread does not finish its measurement either, and is checked all the same.
            if (await Task.WhenAny(measuring, pause) == measuring)
            {
                await measuring;
            }

            Say();
            if (settings.HealthMonitor.Enabled && time.GetElapsedTime(lastCheck) >= settings.HealthMonitor.Interval)
            {
                lastCheck = time.GetTimestamp();
                Check(lastCheck);
            }

            await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task MeasureAsync(TimeSpan interval)
    {
        Volatile.Write(ref _answerDueFrom, time.GetTimestamp());
        LoadSample sample = await probe.MeasureAsync();
        string? now = sample.ThreadPoolDelay > StarvedAfter ? Starved(sample.ThreadPoolDelay)
            : sample.MemoryShare > settings.HealthMonitor.CounterThreshold
                ? $"the process has {sample.MemoryShare:P0} of the memory, expected at most {settings.HealthMonitor.CounterThreshold:P0}"
            : null;
        Volatile.Write(ref _trouble, now);
        Volatile.Write(ref _answerDueFrom, time.GetTimestamp() + (long)(interval.TotalSeconds * time.TimestampFrequency));
    }

    private void Say()
    {
        string? now = Trouble;
        if (now is not null && _said is null)
        {
            Log.Trouble(logger, now);
        }
        else if (now is null && _said is not null)
        {
            Log.Calm(logger);
        }

        _said = now;
    }

    private void Check(long now)
    {
        while (_badChecks.TryPeek(out long oldest) && time.GetElapsedTime(oldest, now) > settings.HealthMonitor.Window)
        {
            _badChecks.Dequeue();
        }

        if (_said is not null)
        {
            _badChecks.Enqueue(now);
        }

        bool isBad = _badChecks.Count >= settings.HealthMonitor.Threshold;
        health.Report(Dependency, isBad ? $"{_badChecks.Count} bad checks within {settings.HealthMonitor.Window}" : null);
        if (isBad && !_isBad)
        {
            Log.Unhealthy(logger, _badChecks.Count, settings.HealthMonitor.Window, _said);
        }
        else if (!isBad && _isBad)
        {
            Log.Healthy(logger, _badChecks.Count, settings.HealthMonitor.Window);
        }

        _isBad = isBad;
    }

    // Not only a measurement that is under way: without a thread it is not even begun. When nobody measures, no answer means nothing.
    private string? Unanswered()
    {
        long since = Volatile.Read(ref _answerDueFrom);
        return ExecuteTask is { IsCompleted: false } && time.GetElapsedTime(since) is var waited && waited > StarvedAfter
            ? Starved(waited)
            : null;
    }

    private static string Starved(TimeSpan delay) => $"work waits {delay.TotalSeconds:0.0} s for a thread";

    private static partial class Log
    {
        [LoggerMessage(90, LogLevel.Warning, "The process is in trouble: {Trouble}")]
        public static partial void Trouble(ILogger logger, string trouble);

        [LoggerMessage(91, LogLevel.Information, "The process is no longer in trouble")]
        public static partial void Calm(ILogger logger);

        [LoggerMessage(93, LogLevel.Error,
            "The host is unhealthy: {Bad} bad checks within {Window}, the last one because {Trouble}. "
            + "/healthz/ready answers 503 until fewer are (healthMonitor of host.json)")]
        public static partial void Unhealthy(ILogger logger, int bad, TimeSpan window, string? trouble);

        [LoggerMessage(94, LogLevel.Information, "The host is healthy again: {Bad} bad checks within {Window}")]
        public static partial void Healthy(ILogger logger, int bad, TimeSpan window);
    }
}
