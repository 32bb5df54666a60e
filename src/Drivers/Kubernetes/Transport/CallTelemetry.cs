using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Metrics and traces of one cluster's client.</summary>
internal sealed class CallTelemetry : IDisposable
{
    public const string Name = "Heal.Drivers.Kubernetes";

    private static readonly ActivitySource Source = new(Name);

    private readonly string _cluster;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _throttled;

    /// <param name="breakerState">0 closed, 1 half open, 2 open.</param>
    /// <param name="rate">Requests per second that are allowed.</param>
    public CallTelemetry(string cluster, TimeProvider time, Func<int> breakerState, Func<double> rate)
    {
        _cluster = cluster;
        _time = time;
        _meter = new Meter(Name);
        _calls = _meter.CreateCounter<long>("kubernetes.client.calls", "{call}", "Calls of the API, all tries of one counted once.");
        _duration = _meter.CreateHistogram<double>("kubernetes.client.call.duration", "s", "Time of a call with its retries.");
        _retries = _meter.CreateCounter<long>("kubernetes.client.retries", "{try}", "Tries after the first.");
        _throttled = _meter.CreateHistogram<double>(
            "kubernetes.client.throttle.duration", "s", "Time that a try waited for the client's own rate limit, when it had to.");
        _meter.CreateObservableGauge(
            "kubernetes.client.rate.limit",
            () => new Measurement<double>(rate(), new KeyValuePair<string, object?>("cluster", cluster)),
            "{call}/s", "Requests per second that are allowed now: less than configured after answers 429.");
        _meter.CreateObservableGauge(
            "kubernetes.client.breaker.state",
            () => new Measurement<int>(breakerState(), new KeyValuePair<string, object?>("cluster", cluster)),
            description: "Circuit breaker: 0 closed, 1 half open, 2 open.");
    }

    public CallMeasurement Begin(ApiCall call)
    {
        var activity = Source.StartActivity($"kubernetes {call.Verb} {call.Resource}", ActivityKind.Client);
        activity?.SetTag("k8s.verb", call.Verb);
        activity?.SetTag("k8s.kind", call.Kind);
        activity?.SetTag("k8s.namespace.name", call.Namespace);
        activity?.SetTag("server.address", _cluster);
        return new CallMeasurement(activity, _time.GetTimestamp());
    }

    public void Retried(ApiCall call, Exception? failure)
    {
        _retries.Add(1, Tags(call));
        Activity.Current?.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { ["reason"] = failure?.Message }));
    }

    public void Throttled(ApiCall call, TimeSpan waited)
    {
        _throttled.Record(waited.TotalSeconds, Tags(call));
        Activity.Current?.AddEvent(new ActivityEvent("throttled", tags: new ActivityTagsCollection { ["seconds"] = waited.TotalSeconds }));
    }

    public void End(CallMeasurement measurement, ApiCall call, Exception? failure)
    {
        var tags = Tags(call);
        tags.Add("status_class", StatusClass(failure));
        _calls.Add(1, tags);
        _duration.Record(_time.GetElapsedTime(measurement.Started).TotalSeconds, tags);

        var activity = measurement.Activity;
        activity?.SetTag("k8s.status_class", StatusClass(failure));
        if (failure is not null and not KubernetesNotFoundException)
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
        activity?.Dispose();
    }

    public void Dispose() => _meter.Dispose();

    private TagList Tags(ApiCall call) => new() { { "cluster", _cluster }, { "verb", call.Verb }, { "kind", call.Kind } };

    private static string StatusClass(Exception? failure) => failure switch
    {
        null => "2xx",
        KubernetesApiException refused => $"{(int)refused.StatusCode / 100}xx",
        OperationCanceledException => "cancelled",
        KubernetesUnreachableException unreachable => unreachable.Cause switch
        {
            UnreachableCause.TimedOut => "timeout",
            UnreachableCause.BreakerOpen => "breaker_open",
            _ => "unreachable",
        },
        _ => "error",
    };
}

/// <summary>A call that is being measured.</summary>
internal readonly record struct CallMeasurement(Activity? Activity, long Started);
