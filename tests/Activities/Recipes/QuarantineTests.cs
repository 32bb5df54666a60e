using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Policies add up: what one of them allows, the quarantine's does not deny.</summary>
public sealed class QuarantineTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    private const string Everything = """ "ingress":[{}] """;

    /// <summary>A selector, the fields beside it, and whether it lets a pod go on with its traffic that has lost the labels it was selected
    /// by.</summary>
    public static TheoryData<string, string, bool> Policies => new()
    {
        { "{}", Everything, true },
        { "{}", """ "egress":[{"ports":[{"port":53,"protocol":"UDP"}]}],"policyTypes":["Egress"] """, true },
        { """{"matchExpressions":[{"key":"app","operator":"NotIn","values":["other"]}]}""", Everything, true },
        { """{"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}""", Everything, true },
        { "{}", """ "policyTypes":["Ingress","Egress"] """, false },
        { "{}", """ "egress":[{}],"policyTypes":["Ingress"] """, false },
        { """{"matchExpressions":[{"key":"tier","operator":"In","values":["front","back"]}]}""", Everything, false },
        { """{"matchExpressions":[{"key":"heal.internal/quarantine","operator":"DoesNotExist"}]}""", Everything, false },
        { """{"matchLabels":{"tier":"back"}}""", Everything, false },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task A_pod_that_a_policy_would_go_on_allowing_traffic_of_is_not_said_to_be_cut_off(
        string selector, string fields, bool allows)
    {
        var (item, stall, target) = await ArrangeAsync("quarantine_pod");
        await ObjectCases.PolicyAsync(stall, "theirs", selector, fields);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal((allows ? ActionStatus.Refused : ActionStatus.Applied, result.Detail), (result.Status, result.Detail));
        Assert.Contains(allows ? "not be isolated: NetworkPolicy theirs allows" : "its traffic is denied", result.Detail);
        Assert.Equal(allows ? 0 : 1, await item.Effects(stall));
    }

    [Fact]
    public async Task A_policy_that_comes_later_and_allows_traffic_of_it_is_seen()
    {
        var (item, stall, target) = await ArrangeAsync("quarantine_pod");
        await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        await ObjectCases.PolicyAsync(stall, "later", "{}", Everything);

        var look = await Action(item, new WatchedClient(Shop.Client)).LookAsync(Key(stall), target, CancellationToken.None);

        Assert.Equal(VerificationVerdict.NotHealthy, look.Verdict);
        Assert.Contains("NetworkPolicy later", look.Detail);
    }

    [Fact]
    public async Task A_pod_on_the_network_of_its_node_is_left_alone()
    {
        var (item, stall, _) = await ArrangeAsync("quarantine_pod");
        await stall.CreateInAsync("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"agent"},"spec":{"hostNetwork":true,
            "containers":[{"name":"app","image":"registry.example/app:1.0"}]}}
            """);
        await stall.UntilAsync(Kinds.Pod, "agent", Workloads.IsReady);

        var result = await RunAsync(item, stall, stall.Target(TargetKinds.Pod, "agent"), new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("on the network of its node", result.Detail);
    }
}
