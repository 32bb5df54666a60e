using System.Diagnostics.Metrics;

namespace Heal.Functions.Watches;

/// <summary>Metrics of the detection: meter <c>Heal.Watch</c>.</summary>
internal sealed class WatchMetrics : IDisposable
{
    private readonly Meter _meter = new("Heal.Watch");
    private readonly Counter<long> _sightings;
    private readonly Counter<long> _signals;
    private readonly Histogram<double> _latency;

    public WatchMetrics()
    {
        _sightings = _meter.CreateCounter<long>("heal.watch.changes", "{change}", "Changes of objects that detectors looked at.");
        _signals = _meter.CreateCounter<long>("heal.watch.signals", "{signal}", "Signals of detectors, by detector and status.");
        _latency = _meter.CreateHistogram<double>(
            "heal.watch.latency", "s", "From a change that reached us to the signal stored, for faults that need not last to count.");
    }

    public void Seen() => _sightings.Add(1);

    public void Sent(string detector, string status) => _signals.Add(
        1, new KeyValuePair<string, object?>("detector", detector), new KeyValuePair<string, object?>("status", status));

    public void Took(TimeSpan latency) => _latency.Record(latency.TotalSeconds);

    public void Dispose() => _meter.Dispose();
}
