using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The rollback on a simulated cluster over HTTP, with its ledger on PostgreSQL.</summary>
public sealed class RollbackDeploymentTests : IAsyncLifetime
{
    private readonly Rig _rig = new();

    public Task InitializeAsync() => _rig.InitializeAsync();

    public Task DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task It_puts_back_the_template_of_the_last_healthy_revision()
    {
        var healthy = Rig.Hash(await _rig.LiveAsync());
        var broken = await _rig.BreakAsync();

        var result = await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);

        var live = await _rig.LiveAsync();
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(healthy, Rig.Hash(live));
        Assert.Equal("incident-1/1", live.Metadata.Annotation(KubernetesNames.Operation));
        Assert.Equal(broken.Metadata.Generation + 1, result.Generation);
        Assert.Equal(OperationState.Confirmed, (await _rig.Store.FindOperationAsync("incident-1/1", CancellationToken.None))!.State);
        await _rig.UntilAsync(deployment => deployment.Status?.ReadyReplicas == 3 && deployment.Status.UpdatedReplicas == 3);
    }

    [Theory]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData("before confirm")]
    [InlineData("after confirm")]
    public async Task Killed_at_the_ledger_and_repeated_it_takes_effect_once(string at)
    {
        var healthy = Rig.Hash(await _rig.LiveAsync());
        var broken = await _rig.BreakAsync();
        var request = Rig.Request(broken);
        await Assert.ThrowsAsync<KilledException>(() =>
            _rig.Action(store: new KilledStore(_rig.Store, at)).RunAsync(request, CancellationToken.None));

        var result = await _rig.Action().RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        await AssertAppliedOnceAsync(broken, healthy);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_around_the_write_and_repeated_it_takes_effect_once(bool afterTheWrite)
    {
        var healthy = Rig.Hash(await _rig.LiveAsync());
        var broken = await _rig.BreakAsync();
        var request = Rig.Request(broken);
        Task Die() => throw new KilledException("around the write");
        var dying = afterTheWrite ? new PatchHook(_rig.Client, after: Die) : new PatchHook(_rig.Client, before: Die);
        await Assert.ThrowsAsync<KilledException>(() => _rig.Action(dying).RunAsync(request, CancellationToken.None));

        var result = await _rig.Action().RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        await AssertAppliedOnceAsync(broken, healthy);
    }

    [Fact]
    public async Task Two_workers_with_the_same_key_write_once()
    {
        var healthy = Rig.Hash(await _rig.LiveAsync());
        var broken = await _rig.BreakAsync();
        var request = Rig.Request(broken);
        ActionResult? other = null;
        var slow = new PatchHook(_rig.Client, before: async () => other = await _rig.Action().RunAsync(request, CancellationToken.None));

        var result = await _rig.Action(slow).RunAsync(request, CancellationToken.None);

        Assert.True(other!.IsApplied && result.IsApplied, $"{other.Detail} / {result.Detail}");
        await AssertAppliedOnceAsync(broken, healthy);
    }

    [Fact]
    public async Task A_worker_that_comes_late_does_not_repeat_what_was_undone()
    {
        var broken = await _rig.BreakAsync();
        var request = Rig.Request(broken);
        var slow = new PatchHook(_rig.Client, before: async () =>
        {
            await _rig.Action().RunAsync(request, CancellationToken.None);
            await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);
        });

        await _rig.Action(slow).RunAsync(request, CancellationToken.None);

        Assert.Equal(Rig.Hash(broken), Rig.Hash(await _rig.LiveAsync()));
    }

    [Fact]
    public async Task Somebody_elses_change_during_the_action_stops_it_and_is_named()
    {
        var broken = await _rig.BreakAsync();
        var meddled = new PatchHook(_rig.Client, before: () => _rig.SetImageAsync("registry.example/web:1.7", "their-tool"));

        var result = await _rig.Action(meddled).RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Contains("'their-tool'", result.Detail);
        Assert.Equal("registry.example/web:1.7", (await _rig.LiveAsync()).Spec!.PodSpec().Containers[0].Image);
    }

    [Fact]
    public async Task Somebody_elses_change_after_the_diagnosis_stops_it_before_anything_is_written()
    {
        var broken = await _rig.BreakAsync();
        await _rig.SetImageAsync("registry.example/web:1.7", "their-tool");

        var result = await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Contains("'their-tool'", result.Detail);
        Assert.Null(await _rig.Store.FindOperationAsync("incident-1/1", CancellationToken.None));
    }

    [Fact]
    public async Task A_scaling_meanwhile_is_no_obstacle_and_is_kept()
    {
        var broken = await _rig.BreakAsync();
        var scaled = new PatchHook(_rig.Client, before: () => _rig.Client.SetScaleAsync<Deployment>(Rig.Namespace, "web", 4));

        var result = await _rig.Action(scaled).RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(4, (await _rig.LiveAsync()).Spec!.Replicas);
    }

    [Fact]
    public async Task A_person_who_rolled_back_first_has_done_it()
    {
        var broken = await _rig.BreakAsync();
        var undone = new PatchHook(_rig.Client, before: () => _rig.SetImageAsync("registry.example/web:1.0", "kubectl-rollout"));

        var result = await _rig.Action(undone).RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Contains("'kubectl-rollout' put", result.Detail);
        Assert.Null((await _rig.LiveAsync()).Metadata.Annotation(KubernetesNames.Operation));
    }

    [Fact]
    public async Task The_kill_switch_blocks_it_before_anything_is_written()
    {
        var broken = await _rig.BreakAsync();

        var result = await _rig.Action(safety: new Rig.Forbidden()).RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.Equal(ActionStatus.Blocked, result.Status);
        Assert.Equal(broken.Metadata.Generation, (await _rig.LiveAsync()).Metadata.Generation);
    }

    [Fact]
    public async Task Without_an_earlier_revision_it_refuses()
    {
        var result = await _rig.Action().RunAsync(Rig.Request(await _rig.LiveAsync()), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("no earlier revision", result.Detail);
    }

    [Theory]
    [InlineData("meta.helm.sh/release-name", "Helm")]
    [InlineData("argocd.argoproj.io/tracking-id", "Argo CD")]
    public async Task What_another_tool_manages_is_refused(string annotation, string tool)
    {
        await _rig.BreakAsync();
        var mark = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [annotation] = "shop" } } };
        var owned = await _rig.Client.PatchAsync<Deployment>(Rig.Namespace, "web", Patch.Merge(mark));

        var result = await _rig.Action().RunAsync(Rig.Request(owned), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains(tool, result.Detail);
    }

    [Fact]
    public async Task A_deployment_that_is_gone_is_said_to_be_gone()
    {
        var broken = await _rig.BreakAsync();
        await _rig.Client.DeleteAsync<Deployment>(Rig.Namespace, "web");

        var result = await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);

        Assert.Equal(ActionStatus.TargetGone, result.Status);
    }

    [Fact]
    public async Task The_inverse_rolls_forward_to_the_saved_template_once()
    {
        var broken = await _rig.BreakAsync();
        await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);

        var first = await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);
        var generation = (await _rig.LiveAsync()).Metadata.Generation;
        var second = await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);

        var live = await _rig.LiveAsync();
        Assert.True(first.IsApplied && second.IsApplied, $"{first.Detail} / {second.Detail}");
        Assert.Equal(Rig.Hash(broken), Rig.Hash(live));
        Assert.Equal(generation, live.Metadata.Generation);
    }

    [Fact]
    public async Task The_inverse_leaves_alone_what_somebody_changed_since()
    {
        var broken = await _rig.BreakAsync();
        await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);
        await _rig.SetImageAsync("registry.example/web:1.9", "their-tool");

        var result = await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Equal("registry.example/web:1.9", (await _rig.LiveAsync()).Spec!.PodSpec().Containers[0].Image);
    }

    [Theory]
    [InlineData("a right", ActionStatus.NotPermitted)]
    [InlineData("the kill switch", ActionStatus.Blocked)]
    [InlineData("a policy", ActionStatus.Failed)]
    public async Task An_obstacle_that_passes_leaves_the_inverse_to_be_done(string obstacle, ActionStatus told)
    {
        var broken = await _rig.BreakAsync();
        await _rig.Action().RunAsync(Rig.Request(broken), CancellationToken.None);
        var meets = new PatchHook(_rig.Client, before: () => obstacle switch
        {
            "a right" => throw WatchedClient.Forbidden("patch", "apps", "deployments", Rig.Namespace),
            "a policy" => throw new KubernetesApiException(new KubernetesApiError
            {
                StatusCode = System.Net.HttpStatusCode.UnprocessableEntity, Reason = "Invalid", Verb = "patch", Resource = "deployments",
            }),
            _ => Task.CompletedTask,
        });

        // Asked once before the intent, then before the write.
        var safety = obstacle == "the kill switch" ? new SwitchedOn(After: 1) : null;
        var first = await _rig.Action(meets, safety: safety).UndoAsync(Rig.Undo(), CancellationToken.None);
        var still = await _rig.LiveAsync();
        var second = await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);

        Assert.True(first.Status == told, $"{first.Status}: {first.Detail}");
        Assert.Equal("incident-1/1", still.Metadata.Annotation(KubernetesNames.Operation));
        Assert.True(second.IsApplied, $"{second.Status}: {second.Detail}");
        Assert.Equal(Rig.Hash(broken), Rig.Hash(await _rig.LiveAsync()));
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(6, false)] // the healer was down meanwhile, and the target may be well by now
    public async Task What_was_intended_long_ago_is_not_begun_any_more(int minutes, bool begins)
    {
        var broken = await _rig.BreakAsync();
        var request = Rig.Request(broken);
        await Assert.ThrowsAsync<KilledException>(() =>
            _rig.Action(store: new KilledStore(_rig.Store, "after intend")).RunAsync(request, CancellationToken.None));
        var later = new LeapingTime();
        later.Leap(TimeSpan.FromMinutes(minutes));

        var result = await _rig.Action(time: later).RunAsync(request, CancellationToken.None);

        Assert.True(result.Status == (begins ? ActionStatus.Applied : ActionStatus.Refused), $"{result.Status}: {result.Detail}");
        Assert.Equal(begins, Rig.Hash(broken) != Rig.Hash(await _rig.LiveAsync()));
    }

    [Fact]
    public async Task What_never_took_effect_is_not_undone()
    {
        var result = await _rig.Action().UndoAsync(Rig.Undo(), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
    }

    // One change of the spec beyond the broken one is one effect; a second would have moved the generation again.
    private async Task AssertAppliedOnceAsync(Deployment broken, string healthy)
    {
        var live = await _rig.LiveAsync();
        Assert.Equal(healthy, Rig.Hash(live));
        Assert.Equal(broken.Metadata.Generation + 1, live.Metadata.Generation);
        Assert.Equal("incident-1/1", live.Metadata.Annotation(KubernetesNames.Operation));
    }
}
