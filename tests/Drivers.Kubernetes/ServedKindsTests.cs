using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ServedKindsTests : IAsyncLifetime
{
    private const string Review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

    private readonly SettableTime _time = new();
    private ApiServerDouble _server = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await ApiServerDouble.StartAsync();
        _client = Some.Client(_server, time: _time);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    // As 1.20, 1.25 and 1.36 serve it.
    [InlineData("autoscaling/v2beta2", "v1", "v2beta1", "v2beta2")]
    [InlineData("autoscaling/v2", "v2", "v1", "v2beta2")]
    [InlineData("autoscaling/v2", "v2", "v1")]
    [InlineData("autoscaling/v1", "v1")]
    public async Task Of_an_autoscaler_the_version_with_all_metrics_is_used(string expected, params string[] served)
    {
        _server.On("GET /apis/autoscaling", Some.Group("autoscaling", served));
        foreach (var version in served)
            _server.On($"GET /apis/autoscaling/{version}", Kinds("horizontalpodautoscalers", "HorizontalPodAutoscaler"));
        Assert.Equal(expected, (await _client.DiscoverAsync(KnownKinds.HorizontalPodAutoscaler))!.ApiVersion);
    }

    [Fact]
    public async Task A_kind_that_the_preferred_version_lacks_is_found_in_another()
    {
        // CronJob on 1.20: the group prefers v1, which has only Job.
        _server.On("GET /apis/batch", Some.Group("batch", "v1", "v1beta1"));
        _server.On("GET /apis/batch/v1", Kinds("jobs", "Job"));
        _server.On("GET /apis/batch/v1beta1", Kinds("cronjobs", "CronJob"));
        Assert.Equal("batch/v1beta1", (await _client.DiscoverAsync(KnownKinds.CronJob))!.ApiVersion);
        Assert.Equal("batch/v1", (await _client.DiscoverAsync(KnownKinds.Job))!.ApiVersion);
        Assert.Equal(1, _server.CountOf("GET /apis/batch/v1"));
    }

    [Fact]
    public async Task What_is_served_and_allowed_is_usable_and_believed_for_a_while()
    {
        ServeReviews("true");
        var kinds = new ServedKinds(_client, _time);
        var pods = await kinds.FindAsync(ResourceKind.Of<Pod>(), "shop", "watch");
        Assert.True(pods.IsUsable);
        await kinds.FindAsync(ResourceKind.Of<Pod>(), "shop", "watch");
        var asked = _server.Of(Review).Single().Body;
        Assert.Contains("\"resource\":\"pods\"", asked, StringComparison.Ordinal);
        Assert.Contains("\"verb\":\"watch\"", asked, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(6));
        await kinds.FindAsync(ResourceKind.Of<Pod>(), "shop", "watch");
        Assert.Equal(2, _server.CountOf(Review));
    }

    [Fact]
    public async Task What_is_forbidden_says_which_permission_is_missing_and_is_asked_for_again_soon()
    {
        ServeReviews("false");
        var kinds = new ServedKinds(_client, _time);
        var answer = await kinds.FindAsync(ResourceKind.Of<Pod>(), null, "list");
        Assert.Equal((false, true), (answer.IsUsable, answer.Resource is not null));
        Assert.Contains("resources [\"pods\"], verbs [\"list\"] in a ClusterRole", answer.Explanation, StringComparison.Ordinal);
        ServeReviews("true");
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.True((await kinds.FindAsync(ResourceKind.Of<Pod>(), null, "list")).IsUsable);
    }

    [Fact]
    public async Task What_is_not_served_is_told_apart_and_the_first_usable_of_several_is_found()
    {
        ServeReviews("true");
        var kinds = new ServedKinds(_client, _time);
        var slices = await kinds.FindAsync(KnownKinds.EndpointSlice);
        Assert.Equal("The server does not serve EndpointSlice.discovery.k8s.io.", slices.Explanation);
        Assert.Equal(ResourceKind.Of<Pod>(), (await kinds.FirstUsableAsync([KnownKinds.EndpointSlice, ResourceKind.Of<Pod>()])).Kind);
        Assert.False((await kinds.FindAsync(ResourceKind.Of<Pod>(), "shop", "create", "eviction")).IsUsable);
    }

    private void ServeReviews(string allowed)
    {
        _server.On("GET /apis/authorization.k8s.io", Some.Group("authorization.k8s.io", "v1"));
        _server.On("GET /apis/authorization.k8s.io/v1", """
            {"resources":[{"name":"selfsubjectaccessreviews","kind":"SelfSubjectAccessReview","namespaced":false,"verbs":["create"]}]}
            """);
        _server.On(Review, Answer.Json(
            "{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"metadata\":{\"creationTimestamp\":null},"
            + "\"status\":{\"allowed\":" + allowed + "}}", 201));
    }

    private static string Kinds(string plural, string kind) => $$"""
        {"resources":[{"name":"{{plural}}","kind":"{{kind}}","namespaced":true,"verbs":["get","list","watch"]}]}
        """;
}
