using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What a backup takes from its CronJob, and what it does not claim.</summary>
public sealed class BackupTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    [Fact]
    public async Task Its_job_stays_until_it_has_been_looked_at()
    {
        var (item, stall, target) = await ArrangeAsync("backup");

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        var job = Assert.Single(await stall.ListAsync(Kinds.Job, "backs=up"));
        Assert.Null(job.At("spec", "ttlSecondsAfterFinished"));
    }

    [Fact]
    public async Task A_cron_job_that_its_owner_has_suspended_is_not_run()
    {
        var (item, stall, target) = await ArrangeAsync("backup");
        await stall.PatchAsync(Kinds.CronJob, "nightly", """{"spec":{"suspend":true}}""");

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("CronJob nightly is suspended", result.Detail);
        Assert.Empty(await stall.ListAsync(Kinds.Job));
    }

    [Theory]
    [InlineData("backup")]
    [InlineData("snapshot_pvc")]
    public void A_copy_of_a_volume_that_fills_does_not_heal_it(string id) =>
        Assert.True(RecipeBook.Find(id).Descriptor is { LeavesFault: true, Causes: [Causes.VolumeFilling] });
}
