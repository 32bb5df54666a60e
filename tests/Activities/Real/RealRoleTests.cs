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

    public static TheoryData<string> Writing => [.. RealDeathTests.Mortals.Select(row => (string)row[0])
        .Where(name => RecipeCases.Named(name).WritesToCluster)];

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
        Assert.EndsWith($" for action {item.ActionId}", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await item.Effects(stall));

        await GrantAsync(item, stall, user);
        var result = await ArrivedAsync(item, stall, target, client);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
    }

    // An authorizer learns of a binding a moment after it was made.
    private async Task<ActionResult> ArrivedAsync(RecipeCase item, Stall stall, TargetReference target, KubernetesClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var result = await Action(item, new WatchedClient(client)).RunAsync(item.Request(stall, target), CancellationToken.None);
            if (result.Status != ActionStatus.NotPermitted || limit.IsCancellationRequested) return result;
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
