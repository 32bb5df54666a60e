using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Reads the meter of one host, no other's. Instruments that are there already are found too.</summary>
internal sealed class MetricReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Name, double Value, string Tags)> _measured = new();

    public MetricReader(TestHost host)
    {
        var factory = host.Get<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is "Microsoft.Azure.Functions.Worker" or "Microsoft.DurableTask" && instrument.Meter.Scope == factory)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Sum over all measurements whose tags contain the text, written as <c>name=value</c>.</summary>
    public double Sum(string name, string tags = "") => Of(name, tags).Sum(static m => m.Value);

    public int Count(string name, string tags = "") => Of(name, tags).Count();

    /// <summary>Asks an observable instrument until it has the value.</summary>
    public Task UntilAsync(string name, double value) => Azurite.UntilAsync(
        () =>
        {
            _measured.Clear();
            _listener.RecordObservableInstruments();
            return Task.FromResult(_measured.Any(m => m.Name == name) && Sum(name) == value);
        },
        $"{name} is {value}");

    public void Dispose() => _listener.Dispose();

    private IEnumerable<(string Name, double Value, string Tags)> Of(string name, string tags) =>
        _measured.Where(m => m.Name == name && m.Tags.Contains(tags, StringComparison.Ordinal));

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new List<string>();
        foreach ((string key, object? tag) in tags)
        {
            text.Add($"{key}={tag}");
        }

        _measured.Enqueue((instrument.Name, value, string.Join(' ', text)));
    }
}
