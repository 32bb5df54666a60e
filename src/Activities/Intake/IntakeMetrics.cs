using System.Diagnostics.Metrics;

namespace Heal.Activities;

/// <summary>Metrics of the intake: meter <c>Heal.Intake</c>.</summary>
internal sealed class IntakeMetrics : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Heal.Intake");
    private readonly Counter<long> _signals;
    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _posts;
    private readonly Counter<long> _routed;
    private SignalBacklog _backlog = new(0, null, 0);

    public IntakeMetrics(TimeProvider time)
    {
        _time = time;
        _signals = _meter.CreateCounter<long>("heal.intake.signals", "{signal}", "Signals that came in, by what became of them.");
        _duration = _meter.CreateHistogram<double>("heal.intake.commit.duration", "s", "Time of a commit of signals.");
        _posts = _meter.CreateHistogram<long>("heal.intake.commit.senders", "{sender}", "Senders that shared a commit.");
        _routed = _meter.CreateCounter<long>("heal.routing.signals", "{signal}", "Attempts to route a signal, by what came of them.");
        _meter.CreateObservableGauge("heal.routing.backlog", () => _backlog.Waiting, "{signal}", "Signals that are stored and not routed.");
        _meter.CreateObservableGauge("heal.routing.parked", () => _backlog.Parked, "{signal}", "Signals whose routing was given up.");
        _meter.CreateObservableGauge("heal.routing.backlog.age", Age, "s", "Since the oldest signal that is not routed came.");
    }

    /// <summary>As it was last read.</summary>
    public void Set(SignalBacklog backlog) => _backlog = backlog;

    public void Committed(int senders, int signals, int failed, TimeSpan took)
    {
        _signals.Add(signals, new KeyValuePair<string, object?>("result", "committed"));
        if (failed > 0) _signals.Add(failed, new KeyValuePair<string, object?>("result", "failed"));
        _duration.Record(took.TotalSeconds);
        _posts.Record(senders);
    }

    public void Refused(int signals) => _signals.Add(signals, new KeyValuePair<string, object?>("result", "refused"));

    public void Routed(int routed, int failed)
    {
        _routed.Add(routed, new KeyValuePair<string, object?>("result", "routed"));
        if (failed > 0) _routed.Add(failed, new KeyValuePair<string, object?>("result", "failed"));
    }

    public void Dispose() => _meter.Dispose();

    private double Age() => _backlog.OldestReceivedAt is { } oldest ? (_time.GetUtcNow() - oldest).TotalSeconds : 0;
}
