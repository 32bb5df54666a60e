using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ListTests : IAsyncLifetime
{
    private const string Pods = "GET /api/v1/namespaces/shop/pods";

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Pages_are_followed_to_the_end()
    {
        _server.On(Pods,
            Answer.Json(Some.PodPage("10", "p2", Some.Pod("a"), Some.Pod("b"))), Answer.Json(Some.PodPage("10", null, Some.Pod("c"))));
        using var client = Some.Client(_server);
        var list = await client.ListAsync<Pod>("shop", new ListOptions { PageSize = 2, LabelSelector = "app=shop" });
        Assert.Equal(["a", "b", "c"], list.Items.Select(p => p.Metadata.Name));
        Assert.Equal(("10", false), (list.ResourceVersion, list.IsTruncated));
        Assert.Equal(
            ["?labelSelector=app=shop&limit=2", "?labelSelector=app=shop&limit=2&continue=p2"], _server.Of(Pods).Select(r => r.Query));
    }

    [Fact]
    public async Task A_list_from_the_servers_memory_asks_for_any_version_and_its_further_pages_name_none()
    {
        _server.On(Pods, Answer.Json(Some.PodPage("10", "p2", Some.Pod("a"))), Answer.Json(Some.PodPage("10", null, Some.Pod("b"))));
        using var client = Some.Client(_server);
        var list = await client.ListAsync<Pod>("shop", new ListOptions { PageSize = 1, LabelSelector = "app", FromServerCache = true });
        Assert.Equal(["a", "b"], list.Items.Select(p => p.Metadata.Name));
        Assert.Equal(
            ["?labelSelector=app&resourceVersion=0&limit=1", "?labelSelector=app&limit=1&continue=p2"],
            _server.Of(Pods).Select(r => r.Query));
    }

    [Fact]
    public async Task A_list_from_the_servers_memory_that_ignores_the_page_size_keeps_the_limit()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a"), Some.Pod("b"), Some.Pod("c"))));
        using var client = Some.Client(_server);
        var list = await client.ListAsync<Pod>("shop", new ListOptions { Limit = 2, FromServerCache = true });
        Assert.Equal((2, true), (list.Items.Count, list.IsTruncated));
    }

    [Fact]
    public async Task Items_know_their_kind_though_the_server_does_not_repeat_it()
    {
        _server.On(Pods, Answer.Json("""{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}}]}"""));
        using var client = Some.Client(_server);
        var pod = (await client.ListAsync<Pod>("shop")).Items.Single();
        Assert.Equal(("v1", "Pod"), (pod.ApiVersion, pod.Kind));
    }

    [Fact]
    public async Task A_limit_stops_early_and_says_so()
    {
        _server.On(Pods,
            Answer.Json(Some.PodPage("10", "p2", Some.Pod("a"), Some.Pod("b"))), Answer.Json(Some.PodPage("10", "p3", Some.Pod("c"))));
        using var client = Some.Client(_server);
        var list = await client.ListAsync<Pod>("shop", new ListOptions { PageSize = 2, Limit = 3 });
        Assert.Equal((3, true), (list.Items.Count, list.IsTruncated));
        Assert.Equal(2, _server.CountOf(Pods));
    }

    [Fact]
    public async Task A_snapshot_that_expires_between_pages_is_listed_anew()
    {
        _server.On(Pods,
            Answer.Json(Some.PodPage("10", "p2", Some.Pod("a"))),
            Answer.Status(410, "Expired", "the continue token is too old"),
            Answer.Json(Some.PodList("20", Some.Pod("b"))));
        using var client = Some.Client(_server);
        var list = await client.ListAsync<Pod>("shop");
        Assert.Equal(["b"], list.Items.Select(p => p.Metadata.Name));
    }

    [Fact]
    public async Task All_pages_together_keep_the_size_limit()
    {
        var page = Some.PodPage("10", "more", Some.Pod(new string('x', 3000)));
        _server.On(Pods, Answer.Json(page));
        using var client = Some.Client(_server, o => o.MaxResponseBytes = 10_000);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.ListAsync<Pod>("shop"));
        Assert.Equal(UnreachableCause.AnswerTooLarge, failure.Cause);
        Assert.Equal(2, _server.CountOf(Pods));
    }

    [Fact]
    public async Task Without_a_namespace_all_are_listed()
    {
        _server.On("GET /api/v1/pods", Answer.Json(Some.PodList("10", Some.Pod("a"))));
        using var client = Some.Client(_server);
        Assert.Single((await client.ListAsync<Pod>(null)).Items);
    }

    [Fact]
    public async Task Events_of_both_kinds_of_time_are_selected_by_fields_whose_values_are_escaped()
    {
        _server.On("GET /api/v1/namespaces/shop/events", Answer.Json("""
            {"metadata":{"resourceVersion":"1"},"items":[
              {"metadata":{"name":"late"},"lastTimestamp":"2026-01-02T00:00:00Z","count":7},
              {"metadata":{"name":"early"},"eventTime":"2026-01-01T00:00:00.000001Z"}]}
            """));
        using var client = Some.Client(_server);
        var options = new ListOptions { FieldSelector = $"involvedObject.kind=Pod,involvedObject.name={FieldSelector.Escape("a,b=c")}" };
        var events = (await client.ListAsync<KubernetesEvent>("shop", options)).Items;
        Assert.Equal(["early", "late"], events.OrderBy(e => e.LastSeen).Select(e => e.Metadata.Name));
        Assert.Equal([7, 1], events.Select(e => e.Occurrences));
        Assert.Equal(
            @"?fieldSelector=involvedObject.kind=Pod,involvedObject.name=a\,b\=c&limit=500",
            _server.Of("GET /api/v1/namespaces/shop/events").Single().Query);
    }

    [Fact]
    public async Task The_end_of_a_long_log_is_kept_from_the_start_of_a_line()
    {
        var log = string.Join('\n', Enumerable.Range(1, 100_000).Select(i => $"line {i}")) + "\n";
        _server.On("GET /api/v1/namespaces/shop/pods/a/log", Answer.Text(200, log));
        using var client = Some.Client(_server);
        var options = new LogOptions { LimitBytes = 30, Container = "main", Previous = true, TailLines = 5 };
        var read = await client.GetPodLogAsync("shop", "a", options);
        Assert.Equal(new PodLog("line 99999\nline 100000\n", IsTruncated: true), read);
        Assert.Equal("?container=main&previous=true&tailLines=5", _server.Of("GET /api/v1/namespaces/shop/pods/a/log").Single().Query);
    }

    [Theory]
    [InlineData("", 10, "", false)]
    [InlineData("short\n", 6, "short\n", false)]
    [InlineData("one\ntwo\n", 5, "two\n", true)]
    [InlineData("0123456789", 4, "6789", true)]
    public async Task A_log_is_cut_only_when_it_is_longer_than_the_limit(string log, int limit, string expected, bool isTruncated)
    {
        _server.On("GET /api/v1/namespaces/shop/pods/a/log", Answer.Text(200, log));
        using var client = Some.Client(_server);
        Assert.Equal(new PodLog(expected, isTruncated), await client.GetPodLogAsync("shop", "a", new LogOptions { LimitBytes = limit }));
    }
}
