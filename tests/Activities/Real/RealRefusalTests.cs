using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What actions refuse, on a real API server, which keeps its own defaults and forms of what they read.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealRefusalTests(RealShop shop) : RecipeClaims(shop)
{
    private const string ArgoCd = """{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop:x/y:z/w"}}}""";

    [Fact]
    public Task The_only_node_of_the_control_plane_is_not_fenced() => AssertRefusedAsync("fence_node", "no majority without it",
        (stall, target) => stall.PatchAsync(Kinds.Node, target.Name,
            """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""", clusterWide: true));

    [Fact]
    public Task A_pod_that_a_policy_for_all_pods_allows_traffic_of_is_not_said_to_be_cut_off() =>
        AssertRefusedAsync("quarantine_pod", "NetworkPolicy open allows traffic of it",
            (stall, _) => ObjectCases.PolicyAsync(stall, "open", "{}", """ "ingress":[{}] """));

    [Fact]
    public Task All_pods_at_once_are_not_restarted() => AssertRefusedAsync("rollout_restart", "may stop all of its 2 pods",
        async (stall, _) =>
        {
            await stall.PatchAsync(Kinds.Deployment, "web",
                """{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":"100%","maxSurge":0}}}}""");
            await stall.UntilAsync(Kinds.Deployment, "web", live => Workloads.Unfinished(live) is null);
        });

    [Theory]
    [InlineData("delete_failed_job")]
    [InlineData("rerun_job")]
    public Task A_Job_that_a_tool_keeps_is_left_to_it(string action) => AssertRefusedAsync(action, "it belongs to Argo CD",
        (stall, target) => stall.PatchAsync(Kinds.Job, target.Name, ArgoCd));

    private async Task AssertRefusedAsync(string action, string why, Func<Stall, TargetReference, Task> spoil)
    {
        var (item, stall, target) = await ArrangeAsync(action);
        await spoil(stall, target);
        var before = await item.Effects(stall);
        var client = new WatchedClient(Shop.Client);

        var result = await RunAsync(item, stall, target, client);

        Assert.Equal((ActionStatus.Refused, 0, result.Detail), (result.Status, client.Writes, result.Detail));
        Assert.Contains(why, result.Detail);
        Assert.Equal(before, await item.Effects(stall));
    }
}
