using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>Watches of servers that send what exists in the watch itself, and of those that do not, or do it badly.</summary>
public sealed class StreamedListTests : IAsyncLifetime
{
    private const string Pods = "GET /api/v1/namespaces/shop/pods";

    private static readonly WatchOptions WithBookmarks = new() { IncludeBookmarks = true };

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
    public async Task What_exists_and_what_changes_come_in_one_request_and_nothing_is_listed()
    {
        _server.OnStream(Pods, Answer.LinesThenHang(
            Added("a", "5"), Added("b", "3"), Some.EndOfExisting("10"), Modified("a", "11"), Deleted("b", "12")));
        Assert.Equal("Added a@5, Added b@3, Bookmark @10, Modified a@11, Deleted b@12", await TakeAsync(5, WithBookmarks));
        var asked = Assert.Single(_server.Streams).Query;
        Assert.Contains("sendInitialEvents=true", asked, StringComparison.Ordinal);
        Assert.Contains("resourceVersionMatch=NotOlderThan", asked, StringComparison.Ordinal);
        Assert.Contains("allowWatchBookmarks=true", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("resourceVersion=", asked, StringComparison.Ordinal);
        Assert.Equal(0, _server.CountOf(Pods));
    }

    [Fact]
    public async Task A_connection_that_breaks_after_the_end_of_what_exists_is_resumed_from_there()
    {
        _server.OnStream(Pods, Answer.Lines(Added("a", "5"), Some.EndOfExisting("10")));
        _server.On(Pods, Answer.LinesThenHang(Modified("a", "11")));
        Assert.Equal("Added a@5, Modified a@11", await TakeAsync(2));
        Assert.Contains("resourceVersion=10", Assert.Single(_server.Of(Pods)).Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_cut_in_the_middle_begins_anew_and_what_went_meanwhile_is_told()
    {
        var heard = new TaskCompletionSource();
        _server.OnStream(Pods,
            Answer.LineThenBreak(
                $"{Added("changed", "5")}\n{Added("gone", "6")}\n{Added("same", "7")}\n{Added("again", "8", "uid1")}",
                "{\"type\":\"ADDED\",\"obj", heard.Task),
            Answer.LinesThenHang(
                Added("changed", "20"), Added("same", "7"), Added("again", "21", "uid2"), Added("late", "22"),
                Some.EndOfExisting("30"), Modified("same", "31")));
        var told = await TakeAsync(11, WithBookmarks, () => heard.TrySetResult(), afterTelling: 4);
        Assert.Equal(
            "Added changed@5, Added gone@6, Added same@7, Added again@8, Modified changed@20, Deleted again@8, Added again@21, "
            + "Added late@22, Deleted gone@6, Bookmark @30, Modified same@31", told);
        Assert.Equal((2, 0), (_server.CountOfStreams(Pods), _server.CountOf(Pods)));
    }

    [Fact]
    public async Task Streams_that_break_again_and_again_give_way_to_a_list()
    {
        _server.OnStream(Pods, Answer.Lines(Added("a", "5")));
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("a", "5"), Some.Pod("b", "6"))), Answer.LinesThenHang(Modified("b", "11")));
        Assert.Equal("Added a@5, Added b@6, Bookmark @10, Modified b@11", await TakeAsync(4, WithBookmarks));
        Assert.Equal((2, 2), (_server.CountOfStreams(Pods), _server.CountOf(Pods)));
    }

    [Fact]
    public async Task Changes_before_the_end_of_what_exists_are_told_as_what_they_are()
    {
        _server.OnStream(Pods, Answer.LinesThenHang(
            Added("a", "5"), Added("b", "6"), Modified("a", "11"), Deleted("b", "12"), Some.Bookmark("12"), Added("c", "13"),
            Some.EndOfExisting("13")));
        Assert.Equal(
            "Added a@5, Added b@6, Modified a@11, Deleted b@12, Added c@13, Bookmark @13", await TakeAsync(6, WithBookmarks));
    }

    [Fact]
    public async Task A_forgotten_version_leads_to_a_new_stream_of_which_only_the_difference_is_told()
    {
        _server.OnStream(Pods,
            Answer.Lines(
                Added("same", "1"), Added("changed", "2"), Added("gone", "3"), Some.EndOfExisting("10"),
                Some.Event("ERROR", Some.Status(410, "Expired", "too old resource version"))),
            Answer.LinesThenHang(Added("changed", "80"), Added("new", "81"), Added("same", "1"), Some.EndOfExisting("90")));
        Assert.Equal(
            "Added same@1, Added changed@2, Added gone@3, Bookmark @10, Modified changed@80, Added new@81, Deleted gone@3, Bookmark @90",
            await TakeAsync(8, WithBookmarks));
    }

    [Fact]
    public async Task A_server_that_forgets_what_it_has_just_streamed_is_not_asked_in_a_tight_loop()
    {
        _server.OnStream(Pods, Answer.Lines(
            Some.EndOfExisting("10"), Some.Event("ERROR", Some.Status(410, "Expired", "too old resource version"))));
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var change in _client.WatchAsync<Pod>("shop", cancellationToken: cancel.Token))
                Assert.Fail($"Nothing changed, got {change}");
        });
        Assert.InRange(_server.CountOfStreams(Pods), 3, 20);
    }

    [Theory]
    [InlineData(422, "Invalid")]
    [InlineData(400, "BadRequest")]
    public async Task A_server_that_refuses_to_stream_is_asked_once_and_then_for_lists(int code, string reason)
    {
        _server.OnStream(Pods, Answer.Status(code, reason, "sendInitialEvents: Forbidden"));
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("a", "5"))),
            Answer.Lines(Some.Event("ERROR", Some.Status(410, "Expired", "too old"))),
            Answer.Json(Some.PodList("20", Some.Pod("a", "15"))),
            Answer.LinesThenHang(Modified("a", "21")));
        Assert.Equal("Added a@5, Modified a@15, Modified a@21", await TakeAsync(3));
        Assert.Equal(1, _server.CountOfStreams(Pods));
    }

    [Fact]
    public async Task A_refusal_is_believed_as_long_as_other_discovery_answers()
    {
        var time = new SettableTime();
        using var client = Some.Client(_server, time: time);
        _server.OnStream(Pods, Answer.NotStreamed, Answer.LinesThenHang(Added("a", "5"), Some.EndOfExisting("10")));
        _server.On(Pods, Some.PodList("10", Some.Pod("a", "5")));
        Assert.Equal("Added a@5", await TakeAsync(1, client: client));
        Assert.Equal("Added a@5", await TakeAsync(1, client: client));
        Assert.Equal(1, _server.CountOfStreams(Pods));
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("Added a@5, Bookmark @10", await TakeAsync(2, WithBookmarks, client: client));
        Assert.Equal(2, _server.CountOfStreams(Pods));
    }

    [Fact]
    public async Task Of_a_server_that_never_says_where_what_exists_ends_it_is_listed()
    {
        _server.OnStream(Pods, Answer.LinesThenHang(Added("a", "5"), Added("gone", "6"), Some.Bookmark("8")));
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a", "5"))), Answer.LinesThenHang(Modified("a", "11")));
        var options = WithBookmarks with { StreamTimeout = TimeSpan.FromSeconds(0.3) };
        Assert.Equal("Added a@5, Added gone@6, Deleted gone@6, Bookmark @10, Modified a@11", await TakeAsync(5, options));
        Assert.Equal(1, _server.CountOfStreams(Pods));
    }

    [Fact]
    public async Task The_deadline_of_what_exists_does_not_end_what_follows()
    {
        var later = new TaskCompletionSource();
        _server.OnStream(Pods, async context =>
        {
            await Answer.Lines(Added("a", "5"), Some.EndOfExisting("10"))(context);
            await later.Task;
            await context.Response.WriteAsync(Modified("a", "11") + "\n");
            await Answer.LinesThenHang()(context);
        });
        var options = new WatchOptions { StreamTimeout = TimeSpan.FromSeconds(0.3) };
        _ = Task.Delay(TimeSpan.FromSeconds(0.6)).ContinueWith(_ => later.SetResult(), TaskScheduler.Default);
        Assert.Equal("Added a@5, Modified a@11", await TakeAsync(2, options));
        Assert.Equal((1, 0), (_server.CountOfStreams(Pods), _server.CountOf(Pods)));
    }

    [Fact]
    public async Task A_client_that_is_told_not_to_asks_for_no_stream()
    {
        using var client = Some.Client(_server, o => o.StreamLists = false);
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a", "5"))), Answer.LinesThenHang());
        Assert.Equal("Added a@5", await TakeAsync(1, client: client));
        Assert.Equal(0, _server.CountOfStreams(Pods));
    }

    private static string Added(string name, string version, string? uid = null) =>
        Some.Event("ADDED", Some.Pod(name, version, uid));

    private static string Modified(string name, string version) => Some.Event("MODIFIED", Some.Pod(name, version));

    private static string Deleted(string name, string version) => Some.Event("DELETED", Some.Pod(name, version));

    private Task<string> TakeAsync(
        int count, WatchOptions? options = null, Action? then = null, int afterTelling = 0, KubernetesClient? client = null) =>
        Told.ByAsync((client ?? _client).WatchAsync<Pod>("shop", options, _deadline.Token), count, told =>
        {
            if (told == afterTelling)
                then?.Invoke();
        });
}
