using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What a revert goes by: the word of the tool that brings it to the cluster, and what is done without one.</summary>
public sealed class GitRevertTests(Shop shop) : IClassFixture<Shop>
{
    private static readonly TimeSpan PastIts = TimeSpan.FromMinutes(16);

    private readonly LeapingTime _time = new();

    [Fact]
    public async Task A_revert_that_the_tool_has_not_brought_in_time_is_no_remedy_without_effect_and_stays_on_the_branch()
    {
        var (stall, target, request) = await ArrangeAsync(SourceCases.FluxWithoutToolAsync);
        await Assert.ThrowsAsync<EffectPendingException>(() => Action().RunAsync(request, CancellationToken.None));

        _time.Leap(PastIts);
        var result = await Action().RunAsync(request, CancellationToken.None);

        // NoEffect would have the incident take it back, and the bad commit with it.
        Assert.Equal(ActionStatus.Failed, result.Status);
        Assert.Contains($"by Kustomization {stall.Namespace}/shop the revert is not in the cluster yet", result.Detail);
        Assert.Equal("mode: normal", SourceCases.Git(stall.Notes["remote"], "show", "main:settings.yaml"));
        var undo = new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, "git_revert", target);
        Assert.True((await Action().UndoAsync(undo, CancellationToken.None)).IsApplied);
    }

    [Fact]
    public async Task Somebody_who_scales_the_workload_has_not_brought_the_revert()
    {
        var (stall, _, request) = await ArrangeAsync(SourceCases.FluxWithoutToolAsync);
        await Assert.ThrowsAsync<EffectPendingException>(() => Action().RunAsync(request, CancellationToken.None));

        await stall.PatchAsync(Kinds.Deployment, "web", """{"spec":{"replicas":3}}""", "their-autoscaler");
        await stall.UntilAsync(Kinds.Deployment, "web", live => live.Whole("status", "readyReplicas") == 3);

        await Assert.ThrowsAsync<EffectPendingException>(() => Action().RunAsync(request, CancellationToken.None));
    }

    [Fact]
    public async Task A_commit_on_top_of_the_revert_has_it_in_it()
    {
        var (stall, _, request) = await ArrangeAsync(SourceCases.FluxWithoutToolAsync);
        await Assert.ThrowsAsync<EffectPendingException>(() => Action().RunAsync(request, CancellationToken.None));
        var top = SourceCases.Commit(stall.Notes["remote"], "more", "somebody goes on", "other.yaml");

        await SourceCases.SayAppliedAsync(stall, top);
        var result = await Action().RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Contains($"commit {top[..12]}", result.Detail);
    }

    [Fact]
    public async Task A_revert_that_is_in_the_cluster_and_does_not_help_has_no_effect()
    {
        var (stall, _, request) = await ArrangeAsync(SourceCases.FluxAsync);
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns"},"neverReady":{}}""");
        await stall.UntilAsync(Kinds.Deployment, "web", live => (live.Whole("status", "readyReplicas") ?? 0) == 0);
        await Assert.ThrowsAsync<EffectPendingException>(() => Action().RunAsync(request, CancellationToken.None));
        var head = SourceCases.Git(stall.Notes["remote"], "rev-parse", "main");
        await SourceCases.SayAppliedAsync(stall, head);

        _time.Leap(PastIts);
        var result = await Action().RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.NoEffect, result.Status);
        Assert.Contains("the revert is in the cluster, and 0 of 2 replicas are ready", result.Detail);
    }

    [Fact]
    public async Task Of_a_tool_that_cannot_be_asked_the_health_of_the_pods_is_what_counts()
    {
        var (stall, _, request) = await ArrangeAsync(SourceCases.FluxWithoutToolAsync);
        var client = new WatchedClient(shop.Client, reads: kind => kind == "Kustomization"
            ? throw WatchedClient.Forbidden("get", "kustomize.toolkit.fluxcd.io", "kustomizations", stall.Namespace) : Task.CompletedTask);

        var result = await Action(client).RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Contains("whether the tool has brought the revert cannot be seen", result.Detail);
    }

    private RecipeAction Action(WatchedClient? client = null) => new(
        RecipeBook.Find("git_revert"),
        new ActionTools(client ?? new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), _time));

    private async Task<(Stall Stall, TargetReference Target, ActionRequest Request)> ArrangeAsync(
        Func<Stall, Task<TargetReference>> arrange)
    {
        var stall = await shop.OpenAsync();
        var target = await arrange(stall);
        return (stall, target, RecipeCases.Named("git_revert_of_a_config_map").Request(stall, target));
    }
}
