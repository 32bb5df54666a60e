using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// The roles of <c>deploy/kubernetes/roles.yaml</c> before the authorizer of a real API server: who only observes is told which right an
/// action lacks, and the role of the action's level is enough for it.
/// </summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealRoleTests(RealShop shop) : RecipeClaims(shop)
{
    private static readonly ResourceKind ClusterRoleBinding = new("rbac.authorization.k8s.io", "ClusterRoleBinding");

    private const string OfRoleBinding = "restore_deleted_object_by_name";

    public static TheoryData<string> Writing => [.. RealDeathTests.Carried
        .Where(name => name != OfRoleBinding && (RecipeCases.Named(name).WritesToCluster || RunsCommands(name)))];

    private static bool RunsCommands(string name) =>
        RecipeCases.Named(name).Recipe.Descriptor.Permissions.Any(rule => rule.Resource == "pods/exec");

    [Theory]
    [MemberData(nameof(Writing))]
    public async Task The_role_of_its_level_is_enough_and_without_it_the_missing_right_is_named(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var user = $"{stall.Namespace}-healer";
        using var client = ((RealShop)Shop).As(user);
        await BindInClusterAsync(stall, user, "heal-observe");

        var refused = await Action(item, new WatchedClient(client)).RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.True(refused.Status == ActionStatus.NotPermitted, $"{refused.Status}: {refused.Detail}");
        Assert.StartsWith("missing permission ", refused.Detail, StringComparison.Ordinal);
        Assert.Contains($" for action {item.ActionId}", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await item.Effects(stall));
        if (name == "fence_node") Assert.Equal(0, stall.Controllers.Switched(target.Name));

        await GrantAsync(item, stall, user);
        var result = await ArrivedAsync(item, stall, target, client);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
    }

    [Fact]
    public async Task Rights_that_it_does_not_have_itself_the_healer_gives_nobody_back_unless_it_may_bind_the_role()
    {
        var (item, stall, target) = await ArrangeAsync(OfRoleBinding);
        var user = $"{stall.Namespace}-healer";
        using var client = shop.As(user);
        await BindInClusterAsync(stall, user, "heal-observe");
        await GrantAsync(item, stall, user);

        var refused = await ArrivedAsync(item, stall, target, client);

        Assert.Equal(ActionStatus.Refused, refused.Status);
        Assert.Contains($"is forbidden: user \"{user}\"", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await item.Effects(stall));

        await stall.CreateAsync($$"""
            { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
              "metadata": { "name": "binds-view", "namespace": "{{stall.Namespace}}" },
              "rules": [ { "apiGroups": [ "rbac.authorization.k8s.io" ], "resources": [ "clusterroles" ], "resourceNames": [ "view" ],
                "verbs": [ "bind" ] } ] }
            """);
        await stall.CreateAsync($$"""
            { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
              "metadata": { "name": "binds-view", "namespace": "{{stall.Namespace}}" },
              "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "binds-view" },
              "subjects": [ { "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "{{user}}" } ] }
            """);
        var made = await ArrivedAsync(item, stall, target, client, from: 100, ActionStatus.Refused);
        Assert.True(made.IsApplied, $"{made.Status}: {made.Detail}");
    }

    [Fact]
    public async Task What_the_healer_is_deployed_with_is_taken_by_the_API_and_keeps_to_the_restricted_level()
    {
        await shop.Plane.ApplyAsync("-k", "deploy/kubernetes");
        async Task<JsonObject> ReadAsync(ResourceKind kind, string name, string? ns = "heal") =>
            (await shop.Client.GetAsync<KubernetesObject>(kind, ns, name)).ToJson();

        var space = await ReadAsync(new("", "Namespace"), "heal", null);
        var pod = (await ReadAsync(Kinds.Deployment, "heal")).At("spec", "template", "spec");
        var container = Assert.Single(pod.Items("containers"));
        var denied = await ReadAsync(Kinds.NetworkPolicy, "default-deny");

        Assert.Equal("restricted", space.Label("pod-security.kubernetes.io/enforce"));
        Assert.True(pod.IsTrue("securityContext", "runAsNonRoot"));
        Assert.Equal("RuntimeDefault", pod.Text("securityContext", "seccompProfile", "type"));
        Assert.False(container["securityContext"]!["allowPrivilegeEscalation"]!.GetValue<bool>());
        Assert.True(container.IsTrue("securityContext", "readOnlyRootFilesystem"));
        Assert.Equal("ALL", Assert.Single(container.At("securityContext", "capabilities", "drop")!.AsArray())!.GetValue<string>());
        Assert.All(pod.Items("volumes"), volume => Assert.True(volume["secret"] is not null || volume["emptyDir"] is not null));
        Assert.Equal(["Ingress", "Egress"], denied.At("spec", "policyTypes")!.AsArray().Select(type => type!.GetValue<string>()));
        Assert.Null(denied.At("spec", "ingress") ?? denied.At("spec", "egress"));
    }

    // An authorizer learns of a binding a moment after it was made. What was refused is over: each try is an operation of its own.
    private async Task<ActionResult> ArrivedAsync(
        RecipeCase item, Stall stall, TargetReference target, KubernetesClient client, int from = 2,
        ActionStatus before = ActionStatus.NotPermitted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var n = from;; n++)
        {
            var request = item.Request(stall, target, $"{stall.Namespace}/{n}");
            var result = await Action(item, new WatchedClient(client)).RunAsync(request, CancellationToken.None);
            if (result.Status != before || limit.IsCancellationRequested) return result;
            await Task.Delay(50);
        }
    }

    private static async Task GrantAsync(RecipeCase item, Stall stall, string user)
    {
        var descriptor = item.ActionWith(new ActionTools(stall.Client, stall.Store, new Rig.Allowed(), TimeProvider.System)).Descriptor;
        if (descriptor.TargetKinds.Contains(TargetKinds.Node))
        {
            await BindInClusterAsync(stall, user, "heal-nodes");
            // Its pods are in a namespace that lets it.
            await BindAsync(stall, stall.Namespace, user, "heal-approve");
            return;
        }

        await BindAsync(stall, stall.Namespace, user, descriptor.Risk <= ClusterRoles.ActsAlone ? "heal-act" : "heal-approve");
        if (item.ActionId == "refresh_pull_secret") await BindAsync(stall, Shop.Truth, user, "heal-sources");
    }

    private static Task<JsonObject> BindAsync(Stall stall, string ns, string user, string role) => stall.CreateAsync($$"""
        { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
          "metadata": { "name": "{{user}}-{{role}}", "namespace": "{{ns}}" },
          {{Subject(user, role)}} }
        """);

    private static Task<KubernetesObject> BindInClusterAsync(Stall stall, string user, string role) => stall.Client.CreateAsync(
        ClusterRoleBinding, KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse($$"""
            { "metadata": { "name": "{{user}}-{{role}}" }, {{Subject(user, role)}} }
            """)!));

    private static string Subject(string user, string role) => $$"""
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "{{role}}" },
        "subjects": [ { "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "{{user}}" } ]
        """;
}
