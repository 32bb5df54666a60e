using System.Diagnostics.Metrics;

namespace Heal.Activities.Tests;

/// <summary>The calls that drivers make to one server, those of discovery included, as their metrics tell them.</summary>
internal sealed class RecordedCalls : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private List<(string Verb, string Kind)> _calls = [];

    public RecordedCalls(string server)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is not { Meter.Name: "Heal.Drivers.Kubernetes", Name: "kubernetes.client.calls" }) return;
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Record(server, tags));
        _listener.Start();
    }

    /// <summary>Those since the last time.</summary>
    public IReadOnlyList<(string Verb, string Kind)> Take()
    {
        lock (_gate)
        {
            var taken = _calls;
            _calls = [];
            return taken;
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Record(string server, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (cluster, verb, kind) = ("", "", "");
        foreach (var tag in tags)
        {
            if (tag.Key == "cluster") cluster = tag.Value as string ?? "";
            else if (tag.Key == "verb") verb = tag.Value as string ?? "";
            else if (tag.Key == "kind") kind = tag.Value as string ?? "";
        }

        if (cluster != server) return;
        lock (_gate) _calls.Add((verb, kind));
    }
}
