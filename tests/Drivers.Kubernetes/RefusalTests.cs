using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>Rules of the cluster that refuse, in the words of real servers.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private const string PatchWeb = "PATCH /apis/apps/v1/namespaces/shop/deployments/web";

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(400, "BadRequest", "admission webhook \"policy.example.com\" denied the request: no root here",
        RefusalKind.Webhook, "policy.example.com", "no root here")]
    [InlineData(403, "Forbidden", "admission webhook \"policy.example.com\" denied the request without explanation",
        RefusalKind.Webhook, "policy.example.com", "")]
    [InlineData(500, "InternalError",
        "Internal error occurred: failed calling webhook \"gate.example.com\": Post \"https://gate.x.svc:443/?timeout=10s\": refused",
        RefusalKind.WebhookUnreachable, "gate.example.com", "Post \"https://gate.x.svc:443/?timeout=10s\": refused")]
    [InlineData(422, "Invalid",
        "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-b' denied request: too many replicas",
        RefusalKind.AdmissionPolicy, "few", "too many replicas")]
    [InlineData(403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5",
        RefusalKind.Quota, "small", "requested: pods=1, used: pods=5, limited: pods=5")]
    [InlineData(403, "Forbidden", "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged",
        RefusalKind.PodSecurity, "restricted:latest", "privileged")]
    [InlineData(500, "", "etcdserver: request is too large", RefusalKind.TooLarge, "", "etcdserver: request is too large")]
    [InlineData(500, "", "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2100000 vs. 2097152)",
        RefusalKind.TooLarge, "",
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2100000 vs. 2097152)")]
    public async Task A_rule_that_refuses_is_named(
        int code, string reason, string message, RefusalKind kind, string name, string why)
    {
        _server.On(PatchWeb, Answer.Status(code, reason, message));
        using var client = Some.Client(_server);
        var refused = await Assert.ThrowsAnyAsync<KubernetesApiException>(() => PatchAsync(client));
        Assert.Equal(new Refusal(kind, name, why), refused.Refusal);
        Assert.False(refused.IsStorageFailure);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _server.CountOf(PatchWeb));
    }

    [Fact]
    public async Task A_namespace_that_is_going_away_is_named()
    {
        _server.On(PatchWeb, Answer.Status(403, "Forbidden",
            "pods \"a\" is forbidden: unable to create new content in namespace shop because it is being terminated",
            """
            {"causes":[{"reason":"NamespaceTerminating","message":"namespace shop is being terminated","field":"metadata.namespace"}]}
            """));
        using var client = Some.Client(_server);
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => PatchAsync(client));
        Assert.Equal((RefusalKind.NamespaceTerminating, "shop"), (refused.Refusal!.Kind, refused.Refusal.Name));
        Assert.Null(refused.Missing);
    }

    [Fact]
    public async Task A_webhook_that_is_down_does_not_open_the_breaker_for_everything_else()
    {
        _server.On(PatchWeb, Answer.Status(500, "InternalError", "failed calling webhook \"gate.example.com\": refused"));
        _server.On("GET /api/v1/namespaces/shop/pods/a", Some.Pod("a"));
        using var client = Some.Client(_server, o => o.BreakerMinimumThroughput = 2);
        for (var i = 0; i < 10; i++)
            await Assert.ThrowsAsync<KubernetesApiException>(() => PatchAsync(client));
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Theory]
    [InlineData("etcdserver: mvcc: database space exceeded")]
    [InlineData("etcdserver: request timed out")]
    [InlineData("etcdserver: no leader")]
    public async Task A_failure_of_the_storage_is_told_from_one_of_the_call(string message)
    {
        _server.On(PatchWeb, Answer.Status(500, "", message));
        using var client = Some.Client(_server);
        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => PatchAsync(client));
        Assert.True(failed.IsStorageFailure);
        Assert.Contains("storage (etcd)", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ordinary_refusals_name_no_rule()
    {
        _server.On(PatchWeb, Answer.Status(422, "Invalid", "spec.replicas: Invalid value: -1"));
        using var client = Some.Client(_server);
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => PatchAsync(client));
        Assert.Null(refused.Refusal);
        Assert.False(refused.IsStorageFailure);
    }

    private static Task<Deployment> PatchAsync(KubernetesClient client) => client.PatchAsync<Deployment>(
        "shop", "web", Patch.Merge(new System.Text.Json.Nodes.JsonObject()));
}
