using System.Diagnostics.Metrics;
using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Machines;

/// <summary>
/// Reads every host every <see cref="LibvirtMetricSettings.Every"/> (default 30 s), hosts side by side, and keeps the last reading of each:
/// for OpenTelemetry under meter <c>Heal.Libvirt</c>, and for Prometheus (<see cref="GetLibvirtMetrics"/>). A host that hangs delays no
/// other.
/// </summary>
internal sealed partial class LibvirtMetrics : BackgroundService
{
    /// <summary>Periods after which a reading counts for nothing any more.</summary>
    private const int StaleAfter = 3;

    private readonly LibvirtMetricSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<LibvirtMetrics> _logger;
    private readonly Meter _meter = new("Heal.Libvirt");
    private readonly List<HostSampler> _samplers;
    private readonly Dictionary<string, (HostReading Reading, ILookup<MachineMetric, MachineMeasurement> Values)> _last =
        new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public LibvirtMetrics(ILibvirtHosts hosts, LibvirtMetricSettings settings, TimeProvider time, ILogger<LibvirtMetrics> logger)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        _samplers = [.. hosts.All.Select(host => new HostSampler(host, time))];
        foreach (MachineMetric metric in MachineMetric.All)
        {
            if (metric.IsCounter) _meter.CreateObservableCounter(metric.Name, () => Observe(metric), metric.Unit, metric.Help);
            else _meter.CreateObservableGauge(metric.Name, () => Observe(metric), metric.Unit, metric.Help);
        }
    }

    /// <summary>The last values; of one host, or of all when it is null.</summary>
    public IReadOnlyList<MachineMeasurement> Latest(string? host = null)
    {
        DateTimeOffset oldest = _time.GetUtcNow() - (_settings.Every * StaleAfter);
        lock (_gate)
        {
            return [.. _last.Values.Where(last => (host is null || last.Reading.Host == host) && last.Reading.At >= oldest)
                .SelectMany(static last => last.Values).SelectMany(static values => values)];
        }
    }

    public bool Knows(string host) => _samplers.Any(sampler => sampler.Host == host);

    /// <summary>Reads one host once, now.</summary>
    public async Task ReadAsync(HostSampler sampler, CancellationToken cancellationToken)
    {
        HostReading reading = await sampler.ReadAsync(cancellationToken);
        ILookup<MachineMetric, MachineMeasurement> values = MachineMeasurements.Of(reading).ToLookup(static value => value.Metric);
        bool wasUp;
        lock (_gate)
        {
            wasUp = !_last.TryGetValue(reading.Host, out var before) || before.Reading.Fault is null;
            _last[reading.Host] = (reading, values);
        }

        if (reading.Fault is not null && wasUp) Log.Lost(_logger, reading.Host, reading.Fault);
        if (reading.Fault is null && !wasUp) Log.Back(_logger, reading.Host);
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        _settings.Enabled ? Task.WhenAll(_samplers.Select(sampler => FollowAsync(sampler, stoppingToken))) : Task.CompletedTask;

    private async Task FollowAsync(HostSampler sampler, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_settings.Every, _time);
        do
        {
            try
            {
                await ReadAsync(sampler, stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.Failed(_logger, sampler.Host, failed);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private List<Measurement<double>> Observe(MachineMetric metric)
    {
        var found = new List<Measurement<double>>();
        DateTimeOffset oldest = _time.GetUtcNow() - (_settings.Every * StaleAfter);
        lock (_gate)
        {
            foreach ((HostReading reading, ILookup<MachineMetric, MachineMeasurement> values) in _last.Values)
            {
                if (reading.At < oldest) continue;
                found.AddRange(values[metric].Select(static value => new Measurement<double>(
                    value.Value, value.Labels.Select(static label => new KeyValuePair<string, object?>(label.Key, label.Value)))));
            }
        }

        return found;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "No metrics of libvirt host {Host}: {Reason}")]
        public static partial void Lost(ILogger logger, string host, string reason);

        [LoggerMessage(2, LogLevel.Information, "Metrics of libvirt host {Host} are back")]
        public static partial void Back(ILogger logger, string host);

        [LoggerMessage(3, LogLevel.Error, "Reading metrics of libvirt host {Host} failed; it goes on with the next period")]
        public static partial void Failed(ILogger logger, string host, Exception reason);
    }
}
