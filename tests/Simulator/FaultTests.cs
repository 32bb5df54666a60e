using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

public sealed class FaultTests
{
    private static string Pod(string name, string container) => """{"metadata":{"name":"NAME"},"spec":{"containers":[CONTAINER]}}"""
        .Replace("NAME", name, StringComparison.Ordinal).Replace("CONTAINER", container, StringComparison.Ordinal);

    private static string? Waiting(JsonNode pod) => (string?)pod["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["reason"];

    [Fact]
    public async Task A_missing_config_map_holds_the_container_until_it_exists()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", "/api/v1/namespaces/default/pods",
            Pod("p", """{"name":"a","image":"nginx","envFrom":[{"configMapRef":{"name":"later"}}]}"""));
        var held = await cluster.UntilAsync("/api/v1/namespaces/default/pods", p => Waiting(p) == "CreateContainerConfigError");
        Assert.Equal("configmap \"later\" not found", (string?)held["status"]!["containerStatuses"]![0]!["state"]!["waiting"]!["message"]);

        await cluster.OkAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"later"}}""");
        await cluster.UntilAsync("/api/v1/namespaces/default/pods", p => (bool?)p["status"]?["containerStatuses"]?[0]?["ready"] == true);
    }

    [Fact]
    public async Task A_container_below_its_need_is_killed_for_memory()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", "/simulator/faults", """{"name":"leak","match":{"image":"nginx*"},"memory":{"needs":"256Mi"}}""");
        await cluster.OkAsync("POST", "/api/v1/namespaces/default/pods",
            Pod("p", """{"name":"a","image":"nginx","resources":{"limits":{"memory":"128Mi"}}}"""));

        var pod = await cluster.UntilAsync("/api/v1/namespaces/default/pods", p => Waiting(p) == "CrashLoopBackOff");

        var ended = pod["status"]!["containerStatuses"]![0]!["lastState"]!["terminated"]!;
        Assert.Equal("OOMKilled", (string?)ended["reason"]);
        Assert.Equal(137, (int)ended["exitCode"]!);
    }

    [Fact]
    public async Task A_pod_that_fits_no_node_says_why()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"p"},"spec":{"nodeSelector":{"disk":"ssd"},"containers":[{"name":"a","image":"nginx"}]}}""");
        var pod = await cluster.UntilAsync("/api/v1/namespaces/default/pods", p => p["status"]?["conditions"] is not null);
        Assert.Equal("Unschedulable", (string?)pod["status"]!["conditions"]![0]!["reason"]);
        Assert.StartsWith("0/3 nodes are available: 3 node(s) didn't match", (string?)pod["status"]!["conditions"]![0]!["message"]);
    }

    [Fact]
    public async Task The_api_refuses_as_often_as_told_with_retry_after()
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", "/simulator/faults", """{"api":{"action":"status","status":429,"retryAfterSeconds":3,"count":2}}""");
        for (var i = 0; i < 2; i++)
        {
            using var answer = await cluster.Http.GetAsync("/api/v1/pods");
            Assert.Equal(429, (int)answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(3), answer.Headers.RetryAfter!.Delta);
        }
        await cluster.OkAsync("GET", "/api/v1/pods");
    }

    [Theory]
    [InlineData("""{"crash":{},"neverReady":{}}""")]
    [InlineData("""{"match":{"value":"x"},"crash":{}}""")]
    [InlineData("""{"api":{"action":"explode"}}""")]
    [InlineData("""{"unknown":1}""")]
    [InlineData("[]")]
    public async Task A_wrong_fault_is_refused(string fault)
    {
        await using var cluster = await Cluster.StartAsync();
        Assert.Equal(400, (await cluster.SendAsync("POST", "/simulator/faults", fault)).Code);
    }

    [Fact]
    public async Task An_eviction_respects_the_disruption_budget()
    {
        await using var cluster = await Cluster.StartDemoAsync();
        await cluster.UntilRolledOutAsync("demo", "web");
        await cluster.OkAsync("POST", "/apis/policy/v1/namespaces/demo/poddisruptionbudgets",
            """{"metadata":{"name":"b"},"spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"}}}}""");
        await cluster.UntilAsync("/apis/policy/v1/namespaces/demo/poddisruptionbudgets", b => (int?)b["status"]?["currentHealthy"] == 3);
        var pods = await cluster.OkAsync("GET", "/api/v1/namespaces/demo/pods?labelSelector=app%3Dweb");
        var name = (string)pods["items"]![0]!["metadata"]!["name"]!;

        var (code, status) = await cluster.SendAsync("POST", $"/api/v1/namespaces/demo/pods/{name}/eviction",
            $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name}}}"}}""");

        Assert.Equal(429, code);
        Assert.Equal("DisruptionBudget", (string?)status!["details"]!["causes"]![0]!["reason"]);
    }
}
