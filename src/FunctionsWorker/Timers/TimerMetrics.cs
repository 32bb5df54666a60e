using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>Metrics of the timer functions, each with the tag <c>function</c>.</summary>
internal sealed class TimerMetrics : IDisposable
{
    private readonly Meter _meter = new(FunctionInvoker.SourceName);
    private readonly Counter<long> _fired;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _missed;
    private readonly Histogram<double> _late;

    public TimerMetrics()
    {
        _fired = _meter.CreateCounter<long>("functions.timer.fired", "{run}", "Runs that this host began.");
        _failed = _meter.CreateCounter<long>("functions.timer.failed", "{run}", "Runs of this host that failed.");
        _missed = _meter.CreateCounter<long>(
            "functions.timer.missed", "{occurrence}", "Occurrences that no host ran at their time and that one later run stands for.");
        _late = _meter.CreateHistogram<double>("functions.timer.late", "s", "How long after it was due a run began.");
    }

    public void Fired(string function, TimeSpan late, int missed)
    {
        var tag = new KeyValuePair<string, object?>("function", function);
        _fired.Add(1, tag);
        _late.Record(late.TotalSeconds, tag);
        if (missed > 0)
        {
            _missed.Add(missed, tag);
        }
    }

    public void Failed(string function) => _failed.Add(1, new KeyValuePair<string, object?>("function", function));

    public void Dispose() => _meter.Dispose();
}
