using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What a tool keeps is changed at its source, and what a tool would take for its own is not made.</summary>
public sealed class OwnedTargetTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    private const string Mark = "argocd.argoproj.io/tracking-id";

    /// <summary>Nodes are machines, which no such tool keeps; pods have their controllers, and what is done to them is what those mend.
    /// </summary>
    private static readonly string[] Apart = [TargetKinds.Node, TargetKinds.Pod, TargetKinds.Cluster];

    public static TheoryData<string> ForTheirOwn => [.. Cases
        .Where(item => !item.Recipe.Descriptor.ForOwned && !item.Recipe.Descriptor.TargetKinds.All(Apart.Contains))
        .Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(ForTheirOwn))]
    public async Task An_action_that_is_not_for_what_tools_own_refuses_it(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await stall.PatchAsync(ActionTools.AddressOf(target).ResourceKind, target.Name,
            $$"""{ "metadata": { "annotations": { "{{Mark}}": "shop:x/y:z/w" } } }""", "argocd-controller");
        var client = new WatchedClient(Shop.Client);

        var result = await RunAsync(item, stall, target, client);

        Assert.Equal((ActionStatus.Refused, 0, result.Detail), (result.Status, client.Writes, result.Detail));
        Assert.Contains("Argo CD", result.Detail);
        Assert.Equal(0, await item.Effects(stall));
    }

    [Fact]
    public async Task A_CronJobs_failed_Job_is_deleted_whatever_it_has_copied_from_there()
    {
        var (item, stall, target) = await ArrangeAsync("delete_failed_job");
        await OfCronJobAsync(stall);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
    }

    [Fact]
    public async Task A_CronJobs_Job_that_is_run_once_more_is_nobodys()
    {
        var (item, stall, target) = await ArrangeAsync("rerun_job");
        await OfCronJobAsync(stall);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        var made = (await stall.ListAsync(Kinds.Job)).Single(job => job.Name() != "import");
        Assert.Null(made.Annotation(Mark) ?? made.Label("app.kubernetes.io/managed-by"));
        Assert.Equal("kept", made.Label("theirs"));
        Assert.Null(made.Controller());
    }

    // What a chart or a repository says of a CronJob's Jobs is on each of them.
    private static async Task OfCronJobAsync(Stall stall)
    {
        await stall.CreateInAsync("""
            {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"nightly"},"spec":{"schedule":"0 3 * * *","suspend":true,
            "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
            "containers":[{"name":"app","image":"registry.example/app:1.0"}]}}}}}}
            """);
        var maker = await stall.GetAsync(new ResourceKind("batch", "CronJob"), "nightly");
        await stall.PatchAsync(Kinds.Job, "import", $$"""
            { "metadata": { "annotations": { "{{Mark}}": "shop" }, "labels": { "app.kubernetes.io/managed-by": "Helm", "theirs": "kept" },
              "ownerReferences": [ { "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "{{maker.Uid()}}",
                "controller": true } ] } }
            """);
    }
}
