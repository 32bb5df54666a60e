using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class MetricsTests : IAsyncLifetime
{
    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Usage_comes_in_cpus_and_bytes()
    {
        Serve();
        _server.On("GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", """
            {"kind":"PodMetricsList","metadata":{},"items":[{"metadata":{"name":"a","namespace":"shop"},"timestamp":"2026-01-01T00:00:00Z",
              "window":"30s","containers":[{"name":"main","usage":{"cpu":"250m","memory":"64Mi"}},
                {"name":"proxy","usage":{"cpu":"12345678n","memory":"1024Ki"} }]}]}
            """);
        _server.On("GET /apis/metrics.k8s.io/v1beta1/nodes", """
            {"kind":"NodeMetricsList","metadata":{},"items":[{"metadata":{"name":"n1"},"usage":{"cpu":"2","memory":"3Gi"} }]}
            """);
        using var client = Some.Client(_server);
        var pods = await client.GetPodMetricsAsync("shop", "app=web");
        Assert.Equal((true, 0.262345678m, 65 * 1048576m), (pods.IsAvailable, pods.Items.Single().Cpu, pods.Items.Single().Memory));
        var asked = _server.Of("GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods").Single();
        Assert.Contains("labelSelector=app=web", asked.Query, StringComparison.Ordinal);
        var nodes = await client.GetNodeMetricsAsync();
        Assert.Equal((2m, 3 * 1073741824m), (nodes.Items.Single().Usage.Cpu, nodes.Items.Single().Usage.Memory));
    }

    [Fact]
    public async Task A_cluster_without_a_metrics_server_is_an_answer()
    {
        using var client = Some.Client(_server);
        var answer = await client.GetPodMetricsAsync("shop");
        Assert.Equal((false, 0), (answer.IsAvailable, answer.Items.Count));
        Assert.Contains("no metrics server", answer.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_metrics_server_that_is_down_is_an_answer_too()
    {
        Serve();
        _server.On("GET /apis/metrics.k8s.io/v1beta1/nodes", Answer.Text(503, "service unavailable"));
        using var client = Some.Client(_server, o => o.MaxAttempts = 1);
        var answer = await client.GetNodeMetricsAsync();
        Assert.False(answer.IsAvailable);
        Assert.Contains("does not answer", answer.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1500m", 1.5)]
    [InlineData("1e3", 1000)]
    [InlineData("2E", 2e18)]
    [InlineData("1Ki", 1024)]
    [InlineData("-5k", -5000)]
    [InlineData(".5", 0.5)]
    public void Amounts_are_read_as_kubernetes_writes_them(string text, double expected) =>
        Assert.Equal((decimal)expected, Quantity.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("many")]
    [InlineData("1Xi")]
    [InlineData("99999999999999999999999E")]
    public void What_is_no_amount_is_null(string? text) => Assert.Null(Quantity.Parse(text));

    private void Serve()
    {
        _server.On("GET /apis/metrics.k8s.io", Some.Group("metrics.k8s.io", "v1beta1"));
        _server.On("GET /apis/metrics.k8s.io/v1beta1", """
            {"resources":[{"name":"pods","kind":"PodMetrics","namespaced":true,"verbs":["get","list"]},
              {"name":"nodes","kind":"NodeMetrics","namespaced":false,"verbs":["get","list"]}]}
            """);
    }
}
