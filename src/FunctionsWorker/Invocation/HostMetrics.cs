using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// The counters of the host, in the meter <c>Microsoft.Azure.Functions.Worker</c>. Names and units: docs/function-host/operation.md.
/// </summary>
internal sealed class HostMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _invocations;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _running;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _dequeued;
    private readonly Histogram<double> _age;
    private readonly Counter<long> _poisoned;

    public HostMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(FunctionInvoker.SourceName);
        _invocations = _meter.CreateCounter<long>("functions.invocations", "{invocation}", "Ended invocations.");
        _duration = _meter.CreateHistogram<double>("functions.invocation.duration", "s", "From start to end of an invocation.");
        _running = _meter.CreateUpDownCounter<long>("functions.invocations.running", "{invocation}", "Invocations that run now.");
        _refused = _meter.CreateCounter<long>("functions.http.refused", "{request}", "Requests answered with 429.");
        _dequeued = _meter.CreateCounter<long>("functions.queue.dequeued", "{message}", "Messages taken from a queue.");
        _age = _meter.CreateHistogram<double>("functions.queue.age", "s", "From a message's insertion to its receipt here.");
        _poisoned = _meter.CreateCounter<long>("functions.queue.poisoned", "{message}", "Messages moved to a poison queue.");
    }

    public void Started(FunctionDescriptor function)
    {
        if (_running.Enabled)
        {
            _running.Add(1, TagsOf(function));
        }
    }

    public void Ended(FunctionDescriptor function, string outcome, TimeSpan duration)
    {
        if (_running.Enabled)
        {
            _running.Add(-1, TagsOf(function));
        }

        if (_invocations.Enabled || _duration.Enabled)
        {
            TagList tags = TagsOf(function);
            tags.Add("outcome", outcome);
            _invocations.Add(1, tags);
            _duration.Record(duration.TotalSeconds, tags);
        }
    }

    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dequeued(string queue, TimeSpan? age)
    {
        var tag = new KeyValuePair<string, object?>("queue", queue);
        _dequeued.Add(1, tag);
        if (age is { } known)
        {
            _age.Record(known.TotalSeconds, tag);
        }
    }

    /// <param name="reason">Name of the exception that was the last failure.</param>
    public void Poisoned(string queue, string reason) =>
        _poisoned.Add(1, new("queue", queue), new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Requests that wait because <c>maxConcurrentRequests</c> others run.</summary>
    public void ObserveWaiting(Func<long> waiting) =>
        _meter.CreateObservableGauge("functions.http.waiting", waiting, "{request}", "Requests that wait for their turn.");

    private static TagList TagsOf(FunctionDescriptor function) => new()
    {
        { "function", function.Name },
        { "trigger", function.TriggerType },
    };
}

/// <summary>How an invocation ended, as the metrics say it.</summary>
internal static class Outcome
{
    public const string Succeeded = "succeeded";

    /// <summary>It threw.</summary>
    public const string Failed = "failed";

    /// <summary>Its input was not what the function takes.</summary>
    public const string Refused = "refused";

    /// <summary><c>functionTimeout</c> cancelled it.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>Its caller did not want it any more.</summary>
    public const string Cancelled = "cancelled";
}
