using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class DiscoveryTests : IAsyncLifetime
{
    private static readonly ResourceKind Budget = new("policy", "PodDisruptionBudget");

    private const string Kinds = """
        {"resources":[{"name":"poddisruptionbudgets/status","kind":"PodDisruptionBudget","namespaced":true,"verbs":["get"]},
                      {"name":"poddisruptionbudgets","kind":"PodDisruptionBudget","namespaced":true,"verbs":["get","list"]}]}
        """;

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("v1", "v1beta1")]
    [InlineData("v1beta1")]
    public async Task The_version_that_the_server_prefers_is_used(params string[] served)
    {
        ServePolicy(served);
        using var client = Some.Client(_server);
        var resource = await client.DiscoverAsync(Budget);
        Assert.Equal(($"policy/{served[0]}", "poddisruptionbudgets", true), (resource!.ApiVersion, resource.Plural, resource.Namespaced));
    }

    [Fact]
    public async Task A_kind_that_the_preferred_version_lacks_is_found_in_another()
    {
        ServePolicy("v2", "v1");
        _server.On("GET /apis/policy/v2", """{"resources":[]}""");
        using var client = Some.Client(_server);
        Assert.Equal("v1", (await client.DiscoverAsync(Budget))!.Version);
    }

    [Fact]
    public async Task A_wanted_version_is_kept_to()
    {
        ServePolicy("v1", "v1beta1");
        using var client = Some.Client(_server);
        Assert.Equal("v1beta1", (await client.DiscoverAsync(Budget with { Version = "v1beta1" }))!.Version);
        Assert.Null(await client.DiscoverAsync(Budget with { Version = "v3" }));
    }

    [Fact]
    public async Task A_kind_that_is_not_served_is_named_in_the_error()
    {
        using var client = Some.Client(_server);
        var missing = await Assert.ThrowsAsync<KubernetesNotFoundException>(
            () => client.GetAsync<KubernetesObject>(new ResourceKind("x.io", "Widget"), "shop", "a"));
        Assert.Contains("does not serve kind 'Widget' of group 'x.io'", missing.Message, StringComparison.Ordinal);
        Assert.False(missing.IsAboutObject);
    }

    [Fact]
    public async Task Answers_are_remembered()
    {
        ServePolicy("v1");
        using var client = Some.Client(_server);
        await client.DiscoverAsync(Budget);
        await client.DiscoverAsync(Budget);
        Assert.Equal(1, _server.CountOf("GET /apis/policy/v1"));
    }

    [Fact]
    public async Task Names_without_end_are_not_all_remembered()
    {
        ServePolicy("v1");
        using var client = Some.Client(_server, options => options.RequestsPerSecond = 100_000);
        await client.DiscoverAsync(Budget);
        for (var i = 0; i < DiscoveryCache.MaximumKnown; i++)
            Assert.Null(await client.DiscoverAsync(new ResourceKind("x.io", "Widget", $"v{i}")));
        await client.DiscoverAsync(Budget);
        Assert.Equal(2, _server.CountOf("GET /apis/policy/v1"));
    }

    [Fact]
    public async Task Answers_are_asked_for_anew_after_their_lifetime_and_absence_much_sooner()
    {
        var time = new SettableTime();
        ServePolicy("v1");
        using var client = Some.Client(_server, time: time);
        await client.DiscoverAsync(Budget);
        Assert.Null(await client.DiscoverAsync(new ResourceKind("policy", "Later")));
        _server.On("GET /apis/policy/v1", Kinds.Replace("PodDisruptionBudget", "Later", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull(await client.DiscoverAsync(new ResourceKind("policy", "Later")));
        Assert.NotNull(await client.DiscoverAsync(Budget));
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Null(await client.DiscoverAsync(Budget));
    }

    [Fact]
    public async Task A_kind_that_moved_to_another_version_is_found_again_within_the_call()
    {
        ServePolicy("v1beta1");
        _server.On("GET /apis/policy/v1beta1/namespaces/shop/poddisruptionbudgets/a", """{"metadata":{"name":"a"}}""");
        using var client = Some.Client(_server);
        await client.GetAsync<KubernetesObject>(Budget, "shop", "a");

        ServePolicy("v1");
        _server.On("GET /apis/policy/v1beta1/namespaces/shop/poddisruptionbudgets/a", Answer.PathUnknown);
        _server.On("GET /apis/policy/v1/namespaces/shop/poddisruptionbudgets/a", """{"metadata":{"name":"a"}}""");
        Assert.Equal("policy/v1", (await client.GetAsync<KubernetesObject>(Budget, "shop", "a")).ApiVersion);
    }

    [Fact]
    public async Task An_object_that_does_not_exist_is_null_and_a_kind_that_does_not_is_an_error()
    {
        _server.On("GET /api/v1/namespaces/shop/pods/a", Answer.Status(404, "NotFound", "no such pod", """{"name":"a","kind":"pods"}"""));
        using var client = Some.Client(_server);
        Assert.Null(await client.TryGetAsync<Pod>("shop", "a"));
        await Assert.ThrowsAsync<KubernetesNotFoundException>(
            () => client.TryGetAsync<KubernetesObject>(new ResourceKind("x.io", "Widget"), "shop", "a"));
    }

    [Fact]
    public async Task Scope_comes_from_the_server()
    {
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync<Node>("shop", "n1"));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync<Pod>(null, "a"));
    }

    private void ServePolicy(params string[] versions)
    {
        _server.On("GET /apis/policy", Some.Group("policy", versions));
        foreach (var version in versions)
            _server.On($"GET /apis/policy/{version}", Kinds);
    }
}
