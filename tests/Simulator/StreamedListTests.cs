using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>Watches that ask for what exists (sendInitialEvents), as servers from 1.32 on answer them.</summary>
public sealed class StreamedListTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Streamed = $"{Maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

    [Fact]
    public async Task What_exists_comes_first_then_a_mark_with_its_version_then_what_changes()
    {
        await using var cluster = await StartAsync();
        var version = (string?)(await cluster.OkAsync("GET", Maps))["metadata"]!["resourceVersion"];
        var told = new List<string>();
        await foreach (var e in cluster.WatchAsync(Streamed))
        {
            told.Add(Text(e));
            if ((string?)e["type"] == "BOOKMARK")
            {
                Assert.Equal("true", (string?)e["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
                Assert.Equal(version, (string?)e["object"]!["metadata"]!["resourceVersion"]);
                await cluster.OkAsync("POST", Maps, """{"metadata":{"name":"c"}}""");
            }
            if (told.Count == 4)
                break;
        }
        Assert.Equal(["ADDED a", "ADDED b", "BOOKMARK ", "ADDED c"], told);
    }

    [Fact]
    public async Task Without_bookmarks_the_end_is_not_told_and_who_wants_only_changes_is_told_no_more()
    {
        await using var cluster = await StartAsync();
        var silent = await TakeAsync(cluster, Streamed.Replace("&allowWatchBookmarks=true", "", StringComparison.Ordinal), 3);
        Assert.Equal(["ADDED a", "ADDED b", "ADDED c1"], silent);
        var changes = await TakeAsync(
            cluster, Streamed.Replace("sendInitialEvents=true", "sendInitialEvents=false", StringComparison.Ordinal), 1);
        Assert.StartsWith("ADDED c", Assert.Single(changes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("watch=true&sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("watch=true&resourceVersionMatch=NotOlderThan", "resourceVersionMatch is forbidden for watch unless")]
    [InlineData("watch=true&sendInitialEvents=true&resourceVersionMatch=Exact", "supported values: \"NotOlderThan\"")]
    [InlineData("sendInitialEvents=true", "sendInitialEvents is forbidden for list")]
    [InlineData("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided")]
    public async Task What_does_not_go_together_is_refused(string query, string words)
    {
        await using var cluster = await StartAsync();
        var (code, status) = await cluster.SendAsync("GET", $"{Maps}?{query}");
        Assert.Equal(422, code);
        Assert.Contains(words, (string?)status!["message"], StringComparison.Ordinal);
        Assert.Equal("ListOptions", (string?)status["details"]!["kind"]);
    }

    [Fact]
    public async Task A_version_that_does_not_exist_yet_is_to_be_asked_for_later()
    {
        await using var cluster = await StartAsync();
        var (code, status) = await cluster.SendAsync("GET", $"{Streamed}&watch=true&resourceVersion=99999");
        Assert.Equal((504, "Timeout"), (code, (string?)status!["reason"]));
    }

    [Fact]
    public async Task A_server_can_refuse_to_stream_not_understand_it_or_be_cut_in_the_middle()
    {
        await using var cluster = await StartAsync();
        await FaultAsync(cluster, "refuseStreams");
        var (code, status) = await cluster.SendAsync("GET", $"{Streamed}&watch=true");
        Assert.Equal((422, "Invalid"), (code, (string?)status!["reason"]));
        Assert.Contains("WatchList feature gate", (string?)status["message"], StringComparison.Ordinal);

        await FaultAsync(cluster, "ignoreStreams");
        Assert.Equal(["ADDED a", "ADDED b", "ADDED c1"], await TakeAsync(cluster, Streamed, 3));

        await FaultAsync(cluster, "cutStreams");
        var told = new List<string>();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var e in cluster.WatchAsync(Streamed))
                told.Add(Text(e));
        });
        Assert.True(told.Count <= 1, string.Join(", ", told));
        Assert.Equal(["ADDED a", "ADDED b", "ADDED c1", "BOOKMARK "], await TakeAsync(cluster, Streamed, 4));
    }

    private static Task<Cluster> StartAsync() => Cluster.StartAsync(o => o with { Objects = [Map("a"), Map("b")] });

    private static JsonObject Map(string name) => JsonNode.Parse(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"default"} }""")!.AsObject();

    private static string Text(JsonNode e) => $"{(string?)e["type"]} {(string?)e["object"]!["metadata"]!["name"]}";

    /// <summary>The next events; while there are not enough, objects are made.</summary>
    private static async Task<List<string>> TakeAsync(Cluster cluster, string path, int count)
    {
        var told = new List<string>();
        using var limit = new CancellationTokenSource(Cluster.Patience);
        await using var events = cluster.WatchAsync(path, limit.Token).GetAsyncEnumerator(limit.Token);
        var made = (await cluster.OkAsync("GET", Maps))["items"]!.AsArray().Count - 2;
        while (told.Count < count)
        {
            var next = events.MoveNextAsync().AsTask();
            // A watch that says nothing has nothing to say: then something new must come.
            if (await Task.WhenAny(next, Task.Delay(TimeSpan.FromSeconds(0.5), limit.Token)) != next)
                await cluster.OkAsync("POST", Maps,
                    $$$"""{"metadata":{"name":"c{{{(++made).ToString(CultureInfo.InvariantCulture)}}}"} }""");
            Assert.True(await next);
            told.Add(Text(events.Current));
        }
        return told;
    }

    private static Task<JsonNode> FaultAsync(Cluster cluster, string action) =>
        cluster.OkAsync("POST", "/simulator/faults", $$$"""{"api":{"action":"{{{action}}}","count":1} }""");
}
