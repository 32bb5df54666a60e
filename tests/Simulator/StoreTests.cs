using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>The semantics of the object store over HTTP.</summary>
public sealed class StoreTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static string Map(string name, string extra = "", string data = "\"k\":\"v\"")
        => "{\"metadata\":{\"name\":\"" + name + "\"" + extra + "},\"data\":{" + data + "}}";

    [Fact]
    public async Task A_write_with_an_old_resource_version_is_a_conflict()
    {
        await using var cluster = await Cluster.StartAsync();
        var first = await cluster.OkAsync("POST", Maps, Map("a"));
        await cluster.OkAsync("PUT", $"{Maps}/a", Map("a", data: "\"k\":\"w\""));

        var (code, status) = await cluster.SendAsync("PUT", $"{Maps}/a", first.ToJsonString());

        Assert.Equal(409, code);
        Assert.Equal("Conflict", (string?)status!["reason"]);
        Assert.Equal("Status", (string?)status["kind"]);
        Assert.Equal("configmaps", (string?)status["details"]!["kind"]);
    }

    [Fact]
    public async Task Missing_existing_and_wrong_objects_are_refused_with_their_codes()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, Map("a"));

        Assert.Equal(409, (await cluster.SendAsync("POST", Maps, Map("a"))).Code);
        Assert.Equal(404, (await cluster.SendAsync("GET", $"{Maps}/b")).Code);
        Assert.Equal(404, (await cluster.SendAsync("POST", "/api/v1/namespaces/nowhere/configmaps", Map("a"))).Code);
        Assert.Equal(404, (await cluster.SendAsync("GET", "/apis/nothing/v1/things")).Code);
        Assert.Equal(400, (await cluster.SendAsync("POST", Maps, "{")).Code);
        Assert.Equal(400, (await cluster.SendAsync("POST", Maps, Map("c", data: "\"k\":1"))).Code);
        Assert.Equal(415, (await cluster.SendAsync("PATCH", $"{Maps}/a", "{}", "text/plain")).Code);
        Assert.Equal(413, (await cluster.SendAsync("POST", Maps, new string(' ', 4_000_000))).Code);
        var (code, status) = await cluster.SendAsync("POST", "/apis/apps/v1/namespaces/default/deployments",
            """{"metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}""");
        Assert.Equal(422, code);
        Assert.Contains(status!["details"]!["causes"]!.AsArray(), c => (string?)c!["field"] == "spec.template.spec.containers[0].image");
        Assert.Contains(status["details"]!["causes"]!.AsArray(), c => (string?)c!["field"] == "spec.selector");
    }

    [Fact]
    public async Task A_watch_resumes_from_a_version_and_shows_transitions_of_its_selector()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, Map("a", ""","labels":{"x":"1"}"""));
        var version = (string)(await cluster.OkAsync("GET", Maps))["metadata"]!["resourceVersion"]!;
        await cluster.OkAsync("PATCH", $"{Maps}/a", """{"data":{"k":"2"}}""", "application/merge-patch+json");
        await cluster.OkAsync("PATCH", $"{Maps}/a", """{"metadata":{"labels":{"x":"2"}}}""", "application/merge-patch+json");
        await cluster.OkAsync("PATCH", $"{Maps}/a", """{"metadata":{"labels":{"x":"1"}}}""", "application/merge-patch+json");
        await cluster.OkAsync("DELETE", $"{Maps}/a");

        var types = new List<string>();
        await foreach (var e in cluster.WatchAsync(
            $"{Maps}?resourceVersion={version}&labelSelector=x%3D1&timeoutSeconds=1&allowWatchBookmarks=true"))
            types.Add((string)e["type"]!);

        Assert.Equal(["MODIFIED", "DELETED", "ADDED", "DELETED", "BOOKMARK"], types);
    }

    [Fact]
    public async Task A_watch_from_before_the_history_is_told_410()
    {
        await using var cluster = await Cluster.StartAsync(o => o with { HistoryLimit = 3 });
        for (var i = 0; i < 5; i++)
            await cluster.OkAsync("POST", Maps, Map($"m{i}"));

        await foreach (var e in cluster.WatchAsync($"{Maps}?resourceVersion=1"))
        {
            Assert.Equal("ERROR", (string?)e["type"]);
            Assert.Equal(410, (int)e["object"]!["code"]!);
            Assert.Equal("Expired", (string?)e["object"]!["reason"]);
        }
    }

    [Fact]
    public async Task A_list_is_paged_without_loss_or_repetition()
    {
        await using var cluster = await Cluster.StartAsync();
        for (var i = 0; i < 7; i++)
            await cluster.OkAsync("POST", Maps, Map($"m{i}"));

        var names = new List<string>();
        var token = "";
        do
        {
            var page = await cluster.OkAsync("GET", $"{Maps}?limit=3&continue={Uri.EscapeDataString(token)}");
            Assert.True(page["items"]!.AsArray().Count <= 3);
            names.AddRange(page["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!));
            token = (string?)page["metadata"]!["continue"] ?? "";
        }
        while (token.Length > 0);

        Assert.Equal(["m0", "m1", "m2", "m3", "m4", "m5", "m6"], names);
    }

    [Theory]
    [InlineData("labelSelector=app%3Da", "one,two")]
    [InlineData("labelSelector=app!%3Da", "three")]
    [InlineData("labelSelector=tier%20in%20(x,y)", "one,two")]
    [InlineData("labelSelector=tier%20notin%20(x),app", "two,three")]
    [InlineData("labelSelector=!tier", "three")]
    [InlineData("labelSelector=tier,app%3Da,tier%20in%20(y)", "two")]
    [InlineData("fieldSelector=metadata.name%3Dtwo", "two")]
    [InlineData("fieldSelector=metadata.name!%3Dtwo&labelSelector=app", "one,three")]
    public async Task Selectors_select(string query, string expected)
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, Map("one", ""","labels":{"app":"a","tier":"x"}"""));
        await cluster.OkAsync("POST", Maps, Map("two", ""","labels":{"app":"a","tier":"y"}"""));
        await cluster.OkAsync("POST", Maps, Map("three", ""","labels":{"app":"b"}"""));

        var list = await cluster.OkAsync("GET", $"{Maps}?{query}");

        var names = list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!).ToHashSet();
        Assert.Equal(expected.Split(',').ToHashSet(), names);
    }

    [Theory]
    [InlineData("labelSelector=a%20in%20b")]
    [InlineData("fieldSelector=spec.color%3Dred")]
    [InlineData("limit=many")]
    public async Task A_query_that_makes_no_sense_is_400(string query)
    {
        await using var cluster = await Cluster.StartAsync();
        Assert.Equal(400, (await cluster.SendAsync("GET", $"{Maps}?{query}")).Code);
    }

    [Fact]
    public async Task Dry_runs_and_empty_changes_make_no_version()
    {
        await using var cluster = await Cluster.StartAsync();
        var made = await cluster.OkAsync("POST", Maps, Map("a"));

        await cluster.OkAsync("POST", $"{Maps}?dryRun=All", Map("b"));
        await cluster.OkAsync("PATCH", $"{Maps}/a?dryRun=All", """{"data":{"k":"x"}}""", "application/merge-patch+json");
        await cluster.OkAsync("PATCH", $"{Maps}/a", """{"data":{"k":"v"}}""", "application/merge-patch+json");
        await cluster.OkAsync("DELETE", $"{Maps}/a?dryRun=All");

        Assert.Equal(404, (await cluster.SendAsync("GET", $"{Maps}/b")).Code);
        Assert.True(JsonNode.DeepEquals(made, await cluster.OkAsync("GET", $"{Maps}/a")));
    }

    [Fact]
    public async Task Finalizers_hold_an_object_until_they_are_gone()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, Map("a", ""","finalizers":["example.com/hold"]"""));

        await cluster.OkAsync("DELETE", $"{Maps}/a");
        var held = await cluster.OkAsync("GET", $"{Maps}/a");
        Assert.NotNull(held["metadata"]!["deletionTimestamp"]);
        await cluster.OkAsync("PATCH", $"{Maps}/a", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");

        Assert.Equal(404, (await cluster.SendAsync("GET", $"{Maps}/a")).Code);
    }

    [Fact]
    public async Task A_delete_checks_its_preconditions()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, Map("a"));
        Assert.Equal(409, (await cluster.SendAsync("DELETE", $"{Maps}/a", """{"preconditions":{"uid":"other"}}""")).Code);
        Assert.Equal(409, (await cluster.SendAsync("DELETE", $"{Maps}/a", """{"preconditions":{"resourceVersion":"1"}}""")).Code);
        Assert.Equal(200, (await cluster.SendAsync("DELETE", $"{Maps}/a")).Code);
    }

    [Fact]
    public async Task Dependents_go_with_their_owner_and_orphans_stay()
    {
        await using var cluster = await Cluster.StartAsync();
        foreach (var (owner, policy) in new[] { ("gone", "Background"), ("front", "Foreground"), ("kept", "Orphan") })
        {
            var made = await cluster.OkAsync("POST", Maps, Map(owner));
            var reference =
                $$""","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"{{owner}}","uid":"{{made["metadata"]!["uid"]}}"}]""";
            await cluster.OkAsync("POST", Maps, Map($"of-{owner}", reference));
            await cluster.OkAsync("DELETE", $"{Maps}/{owner}?propagationPolicy={policy}");
        }

        var deleted = new HashSet<string>();
        await foreach (var e in cluster.WatchAsync($"{Maps}?resourceVersion=2&timeoutSeconds=20"))
        {
            if ((string?)e["type"] == "DELETED")
                deleted.Add((string)e["object"]!["metadata"]!["name"]!);
            if (deleted.Count == 5)
                break;
        }
        Assert.Equal(["front", "gone", "kept", "of-front", "of-gone"], deleted.Order());
        Assert.Null((await cluster.OkAsync("GET", $"{Maps}/of-kept"))["metadata"]!["ownerReferences"]?.AsArray().FirstOrDefault());
    }
}
