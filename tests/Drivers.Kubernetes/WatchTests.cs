using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class WatchTests : IAsyncLifetime
{
    private const string Pods = "GET /api/v1/namespaces/shop/pods";

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(20));
    private ApiServerDouble _server = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await ApiServerDouble.StartAsync();
        _client = Some.Client(_server);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task What_exists_comes_first_then_what_changes()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("a", "5"))),
            Answer.LinesThenHang(Added("b", "11"), Modified("a", "12"), Deleted("b", "13")));
        Assert.Equal("Added a@5, Added b@11, Modified a@12, Deleted b@13", await TakeAsync(4));
        Assert.Contains("resourceVersion=10", _server.Of(Pods)[1].Query, StringComparison.Ordinal);
        Assert.Contains("allowWatchBookmarks=true", _server.Of(Pods)[1].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_connection_is_resumed_after_the_last_complete_event()
    {
        var heard = new TaskCompletionSource();
        _server.On(Pods,
            Answer.Json(Some.PodList("10")),
            Answer.LineThenBreak(Added("a", "11"), "{\"type\":\"ADDED\",\"obj", heard.Task),
            Answer.LinesThenHang(Added("b", "12")));
        Assert.Equal("Added a@11, Added b@12", await TakeAsync(2, onEach: heard.TrySetResult));
        Assert.Contains("resourceVersion=11", _server.Of(Pods)[2].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_comes_twice_is_told_once()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("a", "5"))),
            Answer.Lines(Added("a", "5"), Modified("a", "11")),
            Answer.LinesThenHang(Modified("a", "11"), Modified("a", "12")));
        Assert.Equal("Added a@5, Modified a@11, Modified a@12", await TakeAsync(3));
    }

    [Fact]
    public async Task A_bookmark_moves_the_place_to_resume_from()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10")), Answer.Lines(Some.Bookmark("50")), Answer.LinesThenHang(Added("a", "51")));
        Assert.Equal("Added a@51", await TakeAsync(1));
        Assert.Contains("resourceVersion=50", _server.Of(Pods)[2].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bookmarks_are_told_on_request()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a", "5"))), Answer.LinesThenHang(Some.Bookmark("50")));
        Assert.Equal("Added a@5, Bookmark @10, Bookmark @50", await TakeAsync(3, new WatchOptions { IncludeBookmarks = true }));
    }

    [Fact]
    public async Task A_forgotten_version_leads_to_a_new_list_of_which_only_the_difference_is_told()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10",
                Some.Pod("same", "1"), Some.Pod("changed", "2"), Some.Pod("gone", "3"), Some.Pod("again", "4", "uid1"))),
            Answer.Lines(Some.Event("ERROR", Some.Status(410, "Expired", "too old resource version"))),
            Answer.Json(Some.PodList("90",
                Some.Pod("same", "1"), Some.Pod("changed", "80"), Some.Pod("new", "81"), Some.Pod("again", "82", "uid2"))),
            Answer.LinesThenHang(Modified("same", "91")));
        Assert.Equal(
            "Added same@1, Added changed@2, Added gone@3, Added again@4, "
            + "Deleted gone@3, Modified changed@80, Added new@81, Deleted again@4, Added again@82, Modified same@91",
            await TakeAsync(10));
    }

    [Fact]
    public async Task A_version_that_is_refused_when_the_watch_opens_leads_to_a_new_list()
    {
        _server.On(Pods,
            Answer.Status(410, "Expired", "too old"), Answer.Json(Some.PodList("90", Some.Pod("a", "80"))), Answer.Hang);
        Assert.Equal("Added a@80", await TakeAsync(1, new WatchOptions { ResourceVersion = "3" }));
    }

    [Fact]
    public async Task A_watch_from_a_version_begins_without_a_list_and_believes_the_server()
    {
        _server.On(Pods, Answer.LinesThenHang(Modified("a", "11"), Deleted("unheard", "12")));
        Assert.Equal("Modified a@11, Deleted unheard@12", await TakeAsync(2, new WatchOptions { ResourceVersion = "10" }));
    }

    [Fact]
    public async Task A_connection_without_a_byte_is_given_up_and_opened_again()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10")), Answer.LinesThenHang(), Answer.LinesThenHang(Added("a", "11")));
        Assert.Equal("Added a@11", await TakeAsync(1, new WatchOptions { IdleTimeout = TimeSpan.FromSeconds(0.3) }));
    }

    [Fact]
    public async Task A_server_that_takes_a_version_it_has_not_reached_and_stays_silent_is_asked_anew_for_what_exists()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("lost", "9"))), Answer.LinesThenHang(), Answer.LinesThenHang(),
            Answer.Json(Some.PodList("3", Some.Pod("restored", "2"))), Answer.LinesThenHang(Added("a", "4")));
        Assert.Equal(
            "Added lost@9, Deleted lost@9, Added restored@2, Added a@4",
            await TakeAsync(4, new WatchOptions { IdleTimeout = TimeSpan.FromSeconds(0.3) }));
        Assert.Contains("resourceVersion=3", _server.Of(Pods)[4].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_the_server_says_it_has_not_reached_leads_to_a_new_list()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10")), Answer.Status(504, "Timeout", "Timeout: Too large resource version: 10, current: 3"),
            Answer.Json(Some.PodList("3", Some.Pod("restored", "2"))), Answer.LinesThenHang());
        Assert.Equal("Added restored@2", await TakeAsync(1));
    }

    [Fact]
    public async Task A_server_that_is_busy_for_a_while_is_waited_for()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10")), Answer.Text(503, "busy"), Answer.Text(429, "busy"), Answer.LinesThenHang(Added("a", "11")));
        Assert.Equal("Added a@11", await TakeAsync(1));
    }

    [Fact]
    public async Task A_server_that_is_away_too_long_ends_the_watch()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10")), Answer.Text(503, "busy"));
        var options = new WatchOptions { MaxOutage = TimeSpan.FromSeconds(0.5) };
        await Assert.ThrowsAsync<KubernetesUnreachableException>(() => TakeAsync(1, options));
    }

    [Fact]
    public async Task A_watch_that_is_forbidden_ends_with_the_reason()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10")),
            Answer.Status(403, "Forbidden",
                """pods is forbidden: User "bob" cannot watch resource "pods" in API group "" in the namespace "shop" """));
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => TakeAsync(1));
        Assert.Equal(new MissingPermission("bob", "watch", "", "pods", "shop"), refused.Missing);
    }

    [Fact]
    public async Task Cancellation_ends_a_quiet_watch()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a"))), Answer.LinesThenHang());
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var change in _client.WatchAsync<Pod>("shop", cancellationToken: cancel.Token))
                cancel.CancelAfter(TimeSpan.FromSeconds(0.1));
        });
    }

    [Fact]
    public async Task A_server_that_forgets_every_version_is_not_asked_in_a_tight_loop()
    {
        _server.On(Pods, AnswerByQuery);
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var change in _client.WatchAsync<Pod>("shop", cancellationToken: cancel.Token))
                Assert.Fail($"Nothing changed, got {change}");
        });
        Assert.InRange(_server.CountOf(Pods), 4, 20);

        static Task AnswerByQuery(HttpContext context) => context.Request.Query.ContainsKey("watch")
            ? Answer.Status(410, "Expired", "too old")(context)
            : Answer.Json(Some.PodList("10"))(context);
    }

    private static string Added(string name, string version) => Some.Event("ADDED", Some.Pod(name, version));

    private static string Modified(string name, string version) => Some.Event("MODIFIED", Some.Pod(name, version));

    private static string Deleted(string name, string version) => Some.Event("DELETED", Some.Pod(name, version));

    private Task<string> TakeAsync(int count, WatchOptions? options = null, Func<bool>? onEach = null) =>
        Told.ByAsync(_client.WatchAsync<Pod>("shop", options, _deadline.Token), count, _ => onEach?.Invoke());
}
