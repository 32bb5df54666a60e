using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class BreakerTests : IAsyncLifetime
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_breaker_opens_spares_the_server_and_closes_again()
    {
        _server.On(GetPod, Answer.Text(500, "broken"));
        using var client = Some.Client(_server, o => o.BreakerBreakDuration = TimeSpan.FromSeconds(0.5));
        await FailAsync(client, 10);
        Assert.Equal(2, BreakerState());
        var before = _server.Requests.Count;
        var refused = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal((UnreachableCause.BreakerOpen, true), (refused.Cause, refused.NotSent));
        Assert.Equal(before, _server.Requests.Count);

        _server.On(GetPod, Some.Pod("a"));
        await Task.Delay(TimeSpan.FromSeconds(0.6));
        await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(0, BreakerState());
    }

    [Fact]
    public async Task Refusals_for_good_reason_do_not_open_it()
    {
        _server.On(GetPod, Answer.Status(403, "Forbidden", "no"));
        using var client = Some.Client(_server);
        await FailAsync(client, 30);
        Assert.Equal(0, BreakerState());
    }

    [Fact]
    public async Task What_a_kubelet_answers_through_the_server_neither_opens_it_nor_is_tried_again_at_once()
    {
        const string GetSummary = "GET /api/v1/nodes/n1/proxy/stats/summary";
        _server.On(GetSummary, Answer.Text(503, "error trying to reach service"));
        using var client = Some.Client(_server);
        for (var i = 0; i < 20; i++)
            await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetVolumeUsageAsync("n1"));
        Assert.Equal((20, 0), (_server.CountOf(GetSummary), BreakerState()));
    }

    [Fact]
    public async Task Deadlines_open_it()
    {
        _server.On(GetPod, Answer.Hang);
        using var client = Some.Client(_server, o => (o.AttemptTimeout, o.MaxAttempts) = (TimeSpan.FromSeconds(0.1), 1));
        await FailAsync(client, 10);
        Assert.Equal(2, BreakerState());
    }

    [Fact]
    public async Task Calls_are_counted_by_verb_kind_and_status_class()
    {
        _server.On(GetPod, Answer.Text(503, "busy"), Answer.Json(Some.Pod("a")), Answer.Status(404, "NotFound", "no", """{"name":"a"}"""));
        using var listener = new MeterListener();
        var seen = new ConcurrentQueue<string>();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Heal.Drivers.Kubernetes" && instrument is Counter<long>)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var map = tags.ToArray().ToDictionary(t => t.Key, t => t.Value);
            if (Equals(map["cluster"], Cluster) && Equals(map["kind"], "Pod"))
                seen.Enqueue($"{instrument.Name} {map["verb"]} {map.GetValueOrDefault("status_class")} {value}");
        });
        listener.Start();
        using var client = Some.Client(_server);
        await client.GetAsync<Pod>("shop", "a");
        await client.TryGetAsync<Pod>("shop", "a");
        Assert.Equal(
            ["kubernetes.client.retries get  1", "kubernetes.client.calls get 2xx 1", "kubernetes.client.calls get 4xx 1"], seen);
    }

    [Fact]
    public async Task Each_call_is_one_span()
    {
        _server.On(GetPod, Answer.Text(503, "busy"), Answer.Json(Some.Pod("a")));
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Heal.Drivers.Kubernetes",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var client = Some.Client(_server);
        await client.GetAsync<Pod>("shop", "a");
        var span = Assert.Single(spans, s => Equals(s.GetTagItem("server.address"), Cluster) && Equals(s.GetTagItem("k8s.kind"), "Pod"));
        Assert.Equal(("kubernetes get pods", "retry"), (span.DisplayName, Assert.Single(span.Events).Name));
    }

    private string Cluster => _server.Url.GetLeftPart(UriPartial.Authority);

    private static async Task FailAsync(KubernetesClient client, int times)
    {
        for (var i = 0; i < times; i++)
            await Assert.ThrowsAnyAsync<Exception>(() => client.GetAsync<Pod>("shop", "a"));
    }

    private int BreakerState()
    {
        var state = -1;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "kubernetes.client.breaker.state")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            if (tags.ToArray().Any(t => Equals(t.Value, Cluster)))
                state = value;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return state;
    }
}
