using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>When a claim is not replaced, whatever anybody accepts, and when it stays half replaced.</summary>
public sealed class RecreateClaimTests(Shop shop) : IClassFixture<Shop>
{
    [Fact]
    public async Task Without_a_snapshot_and_without_accepted_loss_nothing_is_touched()
    {
        var (_, result) = await RunAsync([], _ => Task.CompletedTask);

        Assert.Equal((ActionStatus.Refused, "nothing says what becomes of the data: name a snapshot, or accept the loss"),
            (result.Status, result.Detail));
    }

    [Fact]
    public async Task A_claim_whose_volume_exists_is_not_lost()
    {
        var (_, result) = await RunAsync(new() { ["dataLossAccepted"] = "true" }, async stall =>
        {
            var volume = (await stall.GetAsync(Kinds.PersistentVolumeClaim, "data-db-1")).Text("spec", "volumeName");
            await stall.CreateAsync($$"""
                { "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "{{volume}}" },
                  "spec": { "capacity": { "storage": "1Gi" } } }
                """);
        });

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("is there: what is wrong with it is for people to see", result.Detail);
    }

    [Fact]
    public async Task While_the_replica_is_ready_its_claim_is_left_alone()
    {
        var (_, result) = await RunAsync(new() { ["dataLossAccepted"] = "true" }, async stall =>
        {
            await stall.RemoveFaultAsync();
            await stall.UntilAsync(Kinds.Pod, "db-1", Workloads.IsReady);
        });

        Assert.Equal((ActionStatus.Refused, "pod db-1 is ready: what it uses works"), (result.Status, result.Detail));
    }

    [Fact]
    public async Task A_StatefulSet_that_deletes_claims_when_scaled_down_is_not_scaled_down_for_a_snapshot()
    {
        var (stall, result) = await RunAsync(new() { ["snapshot"] = "before" }, stall => stall.PatchAsync(
            Kinds.StatefulSet, "db", """{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"}}}"""));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("deletes the claims of replicas", result.Detail);
        Assert.Equal(2, (await stall.GetAsync(Kinds.StatefulSet, "db")).Whole("spec", "replicas"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_claim_whose_deletion_has_begun_is_told_as_that_and_nothing_is_taken_back_over_it(bool snapshot, bool isSwitchedOff)
    {
        var (stall, time) = (await shop.OpenAsync(), new LeapingTime());
        var target = await ClaimCases.LostAsync(stall, snapshot);
        await stall.PatchAsync(Kinds.PersistentVolumeClaim, target.Name, """{"metadata":{"finalizers":["test.internal/pod-hangs"]}}""");
        var recipe = RecipeBook.Find("recreate_pvc_statefulset");
        Dictionary<string, string> values = snapshot ? new() { ["snapshot"] = "before" } : new() { ["dataLossAccepted"] = "true" };
        var request = new ActionRequest($"{stall.Namespace}/1", stall.Namespace, recipe.Descriptor.Id, target,
            ActionParameters.Complete(recipe.Descriptor, values), 0, "");
        RecipeAction Action(ISafetySwitch safety) => new(
            recipe, new ActionTools(new WatchedClient(shop.Client), shop.Store, safety, time));
        await Assert.ThrowsAsync<EffectPendingException>(() => Action(new Rig.Allowed()).RunAsync(request, CancellationToken.None));

        if (!isSwitchedOff) time.Leap(TimeSpan.FromMinutes(16));
        var result = await Action(isSwitchedOff ? new Rig.Forbidden() : new Rig.Allowed()).RunAsync(request, CancellationToken.None);

        Assert.True((await stall.GetAsync(Kinds.PersistentVolumeClaim, target.Name)).IsDeleting());
        Assert.Equal(ActionStatus.NoEffect, result.Status);
        Assert.Contains($"the deletion of PersistentVolumeClaim {stall.Namespace}/{target.Name} has begun", result.Detail);
        Assert.Equal(snapshot ? 1 : 2, (await stall.GetAsync(Kinds.StatefulSet, "db")).Whole("spec", "replicas"));
        var row = await shop.Store.FindOperationAsync(request.Key, CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, true), (row!.State, row.PostImage.IsTrue("partial")));
    }

    private async Task<(Stall Stall, ActionResult Result)> RunAsync(Dictionary<string, string> values, Func<Stall, Task> change)
    {
        var (stall, recipe) = (await shop.OpenAsync(), RecipeBook.Find("recreate_pvc_statefulset"));
        var target = await ClaimCases.LostAsync(stall, values.ContainsKey("snapshot"));
        await change(stall);
        var action = new RecipeAction(
            recipe, new ActionTools(new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System));
        var complete = ActionParameters.Complete(recipe.Descriptor, values);
        return (stall, await action.RunAsync(
            new ActionRequest($"{stall.Namespace}/1", stall.Namespace, recipe.Descriptor.Id, target, complete, 0, ""),
            CancellationToken.None));
    }
}
