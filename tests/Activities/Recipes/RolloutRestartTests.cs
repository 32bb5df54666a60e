using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A restart leaves pods running, whatever way the strategy says how many may be missing.</summary>
public sealed class RolloutRestartTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    /// <summary>Strategy, replicas, and whether all of them may be down at once.</summary>
    public static TheoryData<string, int, bool> Strategies => new()
    {
        { Rolling("\"25%\"", "\"25%\""), 1, false },
        { Rolling("0", "1"), 1, false },
        { Rolling("\"99%\"", "1"), 1, false },
        { Rolling("1", "0"), 1, true },
        { Rolling("1", "1"), 1, true },
        { Rolling("\"100%\"", "\"25%\""), 1, true },
        // Both come to nothing, and then one pod is taken all the same.
        { Rolling("\"25%\"", "0"), 1, true },
        { Rolling("\"99%\"", "\"0%\""), 1, true },
        { Rolling("\"99%\"", "\"0%\""), 2, false },
        { Rolling("\"100%\"", "0"), 3, true },
        { Rolling("2", "0"), 3, false },
        { Rolling("5", "0"), 3, true },
        { """{"type":"Recreate"}""", 1, true },
        { """{"type":"Recreate"}""", 3, true },
    };

    [Theory]
    [MemberData(nameof(Strategies))]
    public async Task A_restart_that_may_stop_all_pods_at_once_is_refused(string strategy, int replicas, bool stopsAll)
    {
        var item = RecipeCases.Named("rollout_restart");
        var stall = await Shop.OpenAsync();
        await stall.DeployAsync("web", replicas, extra: $$"""{ "spec": { "strategy": {{strategy}} } }""");

        var request = item.Request(stall, stall.Target(TargetKinds.Deployment, "web"));
        var result = await Action(item, new WatchedClient(Shop.Client)).DryRunAsync(request, CancellationToken.None);

        Assert.Equal((stopsAll ? ActionStatus.Refused : ActionStatus.Rehearsed, result.Detail), (result.Status, result.Detail));
        if (stopsAll) Assert.Contains("its strategy", result.Detail);
    }

    /// <summary>A kind, its updateStrategy, how many pods it wants, and whether all of them may be down at once.</summary>
    public static TheoryData<string, string, int, bool> Others => new()
    {
        { "DaemonSet", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}""", 3, false },
        { "DaemonSet", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"67%","maxSurge":0}}""", 3, true },
        { "DaemonSet", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":1}}""", 1, false },
        { "StatefulSet", """{"type":"RollingUpdate","rollingUpdate":{"partition":0}}""", 2, false },
        { "StatefulSet", """{"type":"RollingUpdate","rollingUpdate":{"partition":0}}""", 1, true },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void Controllers_of_other_kinds_round_up(string kind, string strategy, int desired, bool stopsAll)
    {
        var live = new JsonObject
        {
            ["kind"] = kind, ["status"] = new JsonObject { ["desiredNumberScheduled"] = desired },
            ["spec"] = new JsonObject { ["replicas"] = desired, ["updateStrategy"] = JsonNode.Parse(strategy) },
        };

        Assert.Equal(stopsAll, RolloutRestart.MayMiss(live) == desired);
    }

    private static string Rolling(string missing, string surplus) =>
        $$"""{ "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": {{missing}}, "maxSurge": {{surplus}} } }""";
}
