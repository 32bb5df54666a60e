using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ErrorTests : IAsyncLifetime
{
    private const string PatchWeb = "PATCH /apis/apps/v1/namespaces/shop/deployments/web";

    private ApiServerDouble _server = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await ApiServerDouble.StartAsync();
        _client = Some.Client(_server, o => o.Token = "s3cret");
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Forbidden_says_which_rule_is_missing_for_whom()
    {
        _server.On(PatchWeb, Answer.Status(403, "Forbidden",
            "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:heal:heal\" cannot patch resource \"deployments\" "
            + "in API group \"apps\" in the namespace \"shop\""));
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(PatchAsync);
        Assert.Equal(new MissingPermission("system:serviceaccount:heal:heal", "patch", "apps", "deployments", "shop"), refused.Missing);
        Assert.Contains(
            "Missing RBAC rule for 'system:serviceaccount:heal:heal': apiGroups [\"apps\"], resources [\"deployments\"], "
            + "verbs [\"patch\"] in a Role of namespace 'shop'.",
            refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forbidden_by_a_quota_blames_no_rule()
    {
        _server.On(PatchWeb, Answer.Status(403, "Forbidden", "exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4"));
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(PatchAsync);
        Assert.Null(refused.Missing);
    }

    [Fact]
    public async Task A_conflict_over_fields_says_who_owns_them()
    {
        _server.On(PatchWeb, Answer.Status(409, "Conflict", "Apply failed with 2 conflicts", """
            {"causes":[
              {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1 at 2026-01-01T00:00:00Z",
               "field":".spec.replicas"},
              {"reason":"FieldManagerConflict","message":"conflict with \"argo\\\"cd\" using apps/v1","field":".spec.paused"}]}
            """));
        var conflict = await Assert.ThrowsAsync<KubernetesConflictException>(() => _client.ApplyAsync(
            new Deployment { Metadata = new ObjectMeta { Name = "web", Namespace = "shop" } }, new ApplyOptions { FieldManager = "heal" }));
        Assert.Equal(
            [new FieldConflict("kubectl-edit", ".spec.replicas"), new FieldConflict("argo\\\"cd", ".spec.paused")], conflict.Conflicts);
        Assert.False(conflict.AlreadyExists);
    }

    [Fact]
    public async Task An_object_that_exists_already_is_a_conflict_of_its_own()
    {
        _server.On("POST /api/v1/namespaces/shop/configmaps", Answer.Status(409, "AlreadyExists", "configmaps \"c\" already exists"));
        var conflict = await Assert.ThrowsAsync<KubernetesConflictException>(
            () => _client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "c", Namespace = "shop" } }));
        Assert.True(conflict.AlreadyExists);
    }

    [Fact]
    public async Task An_invalid_object_comes_with_its_causes()
    {
        _server.On(PatchWeb, Answer.Status(422, "Invalid", "Deployment is invalid",
            """{"causes":[{"reason":"FieldValueInvalid","message":"must be positive","field":"spec.replicas"}]}"""));
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(PatchAsync);
        Assert.Equal(new StatusCause("FieldValueInvalid", "must be positive", "spec.replicas"), refused.Error.Causes.Single());
        Assert.Equal(
            $"Kubernetes refused to patch '{_server.Url}apis/apps/v1/namespaces/shop/deployments/web': 422 Invalid: Deployment is invalid",
            refused.Message);
    }

    [Fact]
    public async Task An_answer_of_something_else_than_kubernetes_is_shown_bounded_and_without_control_characters()
    {
        _server.On(PatchWeb, Answer.Text(500, "<html>\u001b[31m" + new string('x', 100_000)));
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(PatchAsync);
        Assert.StartsWith("<html> [31mxxx", refused.Error.ServerMessage, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 1, 3000);
    }

    [Fact]
    public async Task Neither_token_nor_query_is_in_a_message()
    {
        _server.On(PatchWeb, Answer.Text(401, "Unauthorized"));
        var refused = await Assert.ThrowsAsync<KubernetesUnauthorizedException>(PatchAsync);
        Assert.Equal("Bearer s3cret", _server.Of(PatchWeb).Single().Authorization);
        Assert.DoesNotContain("s3cret", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("fieldManager", refused.ToString(), StringComparison.Ordinal);
    }

    private Task PatchAsync() =>
        _client.PatchAsync<Deployment>("shop", "web", Patch.Merge(new JsonObject()), new WriteOptions { FieldManager = "heal" });
}
