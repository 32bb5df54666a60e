using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>Server-side apply and field ownership.</summary>
public sealed class ApplyTests
{
    private const string Path = "/api/v1/namespaces/default/configmaps/c";

    private static string Config(string data) => $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{{data}}}""";

    private static Task<(int Code, JsonNode? Body)> ApplyAsync(Cluster cluster, string manager, string data, bool force = false)
        => cluster.SendAsync(
            "PATCH", $"{Path}?fieldManager={manager}&force={(force ? "true" : "false")}",
            Config(data), "application/apply-patch+yaml");

    [Fact]
    public async Task A_field_that_is_applied_no_more_goes_unless_another_manager_has_it()
    {
        await using var cluster = await Cluster.StartAsync();
        Assert.Equal(201, (await ApplyAsync(cluster, "one", """{"a":"1","b":"1"}""")).Code);
        Assert.Equal(200, (await ApplyAsync(cluster, "two", """{"b":"1","c":"1"}""")).Code);

        var (_, after) = await ApplyAsync(cluster, "one", "{}");

        Assert.Equal("""{"b":"1","c":"1"}""", after!["data"]!.ToJsonString());
    }

    [Fact]
    public async Task A_conflict_names_manager_and_field_and_force_takes_the_field()
    {
        await using var cluster = await Cluster.StartAsync();
        await ApplyAsync(cluster, "one", """{"a":"1"}""");

        var (code, status) = await ApplyAsync(cluster, "two", """{"a":"2"}""");
        Assert.Equal(409, code);
        Assert.Equal(".data.a", (string?)status!["details"]!["causes"]![0]!["field"]);
        Assert.Contains("\"one\"", (string?)status["message"]);

        var (_, forced) = await ApplyAsync(cluster, "two", """{"a":"2"}""", force: true);
        Assert.Equal("2", (string?)forced!["data"]!["a"]);
        Assert.Equal("two", (string?)Assert.Single(forced["metadata"]!["managedFields"]!.AsArray())!["manager"]);
    }

    [Fact]
    public async Task A_plain_write_takes_ownership()
    {
        await using var cluster = await Cluster.StartAsync();
        await ApplyAsync(cluster, "one", """{"a":"1"}""");
        await cluster.OkAsync("PATCH", $"{Path}?fieldManager=hand", """{"data":{"a":"9"}}""", "application/merge-patch+json");

        var (code, status) = await ApplyAsync(cluster, "one", """{"a":"1"}""");

        Assert.Equal(409, code);
        Assert.Contains("conflict with \"hand\" using v1", (string?)status!["message"]);
    }

    [Fact]
    public async Task Applying_the_same_again_makes_no_version()
    {
        await using var cluster = await Cluster.StartAsync();
        var (_, first) = await ApplyAsync(cluster, "one", """{"a":"1"}""");
        var (_, second) = await ApplyAsync(cluster, "one", """{"a":"1"}""");
        Assert.Equal((string?)first!["metadata"]!["resourceVersion"], (string?)second!["metadata"]!["resourceVersion"]);
    }
}
