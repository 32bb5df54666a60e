using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What a fence of the past hour proves of a node: that it is dead only while it is still off.</summary>
public sealed class StuckPodProofTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    [Theory]
    [InlineData(false, false, true, "")]
    [InlineData(true, false, false, "its power is On")] // somebody switched it on again, or let it start
    [InlineData(false, true, false, "that was undone")]
    public async Task A_pod_is_taken_out_by_force_only_while_its_node_is_off(bool isOn, bool isUndone, bool isTaken, string why)
    {
        var (item, stall, target) = await ArrangeAsync("delete_stuck_pod");
        await NodeCases.UnprovenAsync(stall);
        var node = $"{stall.Namespace}-a";
        stall.Controllers.Add(node);
        if (!isOn) await Shop.Power.SwitchAsync(node, on: false, CancellationToken.None);
        await ConfirmAsync(stall, item.Clock, $"{stall.Namespace}/fence", FenceNode.Id, undoes: null);
        if (isUndone) await ConfirmAsync(stall, item.Clock, $"{stall.Namespace}/fence/undo", "power_on_node", $"{stall.Namespace}/fence");

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(isTaken == result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(isTaken ? 1 : 0, await item.Effects(stall));
        Assert.Contains(why, result.Detail);
    }

    private async Task ConfirmAsync(Stall stall, TimeProvider clock, string key, string actionId, string? undoes)
    {
        var at = clock.GetUtcNow() - TimeSpan.FromMinutes(5);
        var node = stall.Target(TargetKinds.Node, $"{stall.Namespace}-a");
        await Shop.Store.IntendAsync(
            new Operation(key, stall.Namespace, actionId, node.Key, undoes, OperationState.Intended, [], null, null, null, null, at),
            CancellationToken.None);
        await Shop.Store.FinishAsync(
            key, new OperationEnd(OperationState.Confirmed, ActionStatus.Applied, "as it says", []), at, CancellationToken.None);
    }
}
