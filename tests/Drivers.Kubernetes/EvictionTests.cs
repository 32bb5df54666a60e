using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class EvictionTests : IAsyncLifetime
{
    private const string Evict = "POST /api/v1/namespaces/shop/pods/a/eviction";

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("v1")]
    [InlineData("v1beta1")]
    public async Task It_is_asked_for_in_the_version_that_the_server_knows(string version)
    {
        _server.On("GET /api/v1", Some.CoreDiscovery.Replace("\"resources\":[",
            "\"resources\":[{\"name\":\"pods/eviction\",\"group\":\"policy\",\"version\":\"" + version
            + "\",\"kind\":\"Eviction\",\"namespaced\":true,\"verbs\":[\"create\"]},", StringComparison.Ordinal));
        _server.On(Evict, Answer.Json("""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}""", 201));
        using var client = Some.Client(_server);
        var options = new EvictionOptions { Uid = "u1", GracePeriodSeconds = 5, DryRun = true };
        Assert.Equal(EvictionOutcome.Evicted, (await client.EvictAsync("shop", "a", options)).Outcome);
        var request = _server.Of(Evict).Single();
        Assert.Equal("?dryRun=All&fieldValidation=Strict", request.Query);
        Assert.Equal("policy/" + version, System.Text.Json.Nodes.JsonNode.Parse(request.Body)!["apiVersion"]!.GetValue<string>());
        Assert.Contains("\"preconditions\":{\"uid\":\"u1\"}", request.Body, StringComparison.Ordinal);
        Assert.Contains("\"gracePeriodSeconds\":5", request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_that_allows_none_is_an_answer_with_the_budgets_name_and_no_failure_of_the_server()
    {
        _server.On(Evict, Answer.Status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
            """{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web needs 2 healthy pods and has 2 currently"}]}""",
            retryAfter: 10));
        _server.On("GET /api/v1/namespaces/shop/pods/a", Some.Pod("a"));
        using var client = Some.Client(_server, o => o.BreakerMinimumThroughput = 2);
        for (var i = 0; i < 5; i++)
            Assert.Equal(
                new EvictionResult(
                    EvictionOutcome.Refused, "web", "The disruption budget web needs 2 healthy pods and has 2 currently",
                    TimeSpan.FromSeconds(10)),
                await client.EvictAsync("shop", "a"));
        // Neither the breaker nor the rate limit holds up other calls for it.
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await client.GetAsync<Pod>("shop", "a", soon.Token);
    }

    [Fact]
    public async Task A_busy_server_is_not_taken_for_a_budget()
    {
        _server.On(Evict, Answer.Status(429, "TooManyRequests", "Too many requests, please try again later."));
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<KubernetesApiException>(() => client.EvictAsync("shop", "a"));
        Assert.Equal(4, _server.CountOf(Evict));
    }

    [Theory]
    [InlineData(404, "NotFound", "pods \"a\" not found", EvictionOutcome.NotFound)]
    [InlineData(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        EvictionOutcome.Misconfigured)]
    public async Task Other_outcomes_are_told_apart(int code, string reason, string message, EvictionOutcome outcome)
    {
        _server.On(Evict, Answer.Status(code, reason, message, """{"name":"a","kind":"pods"}"""));
        using var client = Some.Client(_server);
        var result = await client.EvictAsync("shop", "a");
        Assert.Equal((outcome, message), (result.Outcome, result.Explanation));
    }

    [Fact]
    public async Task A_namesake_is_not_evicted()
    {
        _server.On(Evict, Answer.Status(409, "Conflict", "the UID in the precondition (u1) does not match the UID in record (u2)"));
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<KubernetesConflictException>(
            () => client.EvictAsync("shop", "a", new EvictionOptions { Uid = "u1" }));
    }
}
