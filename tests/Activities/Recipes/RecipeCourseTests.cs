using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Courses that only some actions can take: steps that are taken back, effects that do not come, rights that lack, two
/// healers.</summary>
public sealed class RecipeCourseTests(Shop shop) : IClassFixture<Shop>
{
    private readonly LeapingTime _time = new();

    [Fact]
    public async Task A_drain_that_a_budget_does_not_let_through_is_given_up_and_its_node_is_uncordoned_again()
    {
        var (stall, target, request) = await ArrangeAsync("drain_node");
        await stall.CreateInAsync("""
            {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},
            "spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"web"}}}}
            """);
        await stall.UntilAsync(Kinds.PodDisruptionBudget, "web", live => live.Whole("status", "currentHealthy") == 2);
        var pending = await Assert.ThrowsAsync<EffectPendingException>(() =>
            Action("drain_node").RunAsync(request, CancellationToken.None));
        Assert.True((await stall.GetAsync(Kinds.Node, target.Name, clusterWide: true)).IsTrue("spec", "unschedulable"));

        _time.Leap(TimeSpan.FromMinutes(11));
        var result = await Action("drain_node").RunAsync(request, CancellationToken.None);

        Assert.Contains("may not be evicted now", pending.Message);
        Assert.Equal(ActionStatus.Blocked, result.Status);
        Assert.Contains("1 earlier steps were taken back", result.Detail);
        Assert.False((await stall.GetAsync(Kinds.Node, target.Name, clusterWide: true)).IsTrue("spec", "unschedulable"));
        Assert.Equal(2, (await stall.ListAsync(Kinds.Pod, "app=web")).Count(Workloads.IsReady));
        var row = await shop.Store.FindOperationAsync(request.Key, CancellationToken.None);
        Assert.Equal(OperationState.Abandoned, row!.State);
    }

    [Fact]
    public async Task A_change_whose_effect_does_not_come_is_said_to_have_none_and_can_be_undone()
    {
        var (stall, target, request) = await ArrangeAsync("scale_workload");
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns"},"neverReady":{}}""");
        await Assert.ThrowsAsync<EffectPendingException>(() => Action("scale_workload").RunAsync(request, CancellationToken.None));

        _time.Leap(TimeSpan.FromMinutes(6));
        var result = await Action("scale_workload").RunAsync(request, CancellationToken.None);
        var undone = await Action("scale_workload").UndoAsync(
            new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, "scale_workload", target), CancellationToken.None);

        Assert.Equal(ActionStatus.NoEffect, result.Status);
        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Equal(2, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("spec", "replicas"));
    }

    [Fact]
    public async Task A_relaxed_budget_is_needed_as_long_as_pods_are_on_the_node_that_is_drained()
    {
        var (stall, target, request) = await ArrangeAsync("relax_pdb");
        var action = Action("relax_pdb");
        await action.RunAsync(request, CancellationToken.None);

        var before = await action.NeedAsync(request.Key, target, CancellationToken.None);
        await stall.CordonAsync(stall.Notes["side"], cordoned: false);
        var after = await action.NeedAsync(request.Key, target, CancellationToken.None);

        Assert.Equal($"the drain of {stall.Namespace}-{stall.Notes["side"]} is not through", before);
        Assert.Null(after);
    }

    [Fact]
    public async Task A_budget_is_relaxed_when_the_replica_that_was_added_first_finds_no_place_and_both_are_taken_back()
    {
        var (stall, target, request) = await ArrangeAsync("relax_pdb_by_another_replica");
        var item = RecipeCases.Named("relax_pdb_by_another_replica");
        var before = await item.Before!(stall);
        var pending = await AddInVainAsync(stall, request);
        var waiting = await item.Before(stall);

        _time.Leap(RelaxationEffect.WaitFor);
        var result = await Action("relax_pdb").RunAsync(request, CancellationToken.None);
        var relaxed = await item.Before(stall);
        var undone = await Action("relax_pdb").UndoAsync(Undo(request, target), CancellationToken.None);

        Assert.Contains("2 of 3 replicas of Deployment", pending.Message);
        Assert.Equal("2|3", waiting);
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Contains("the added replica was not enough", result.Detail);
        Assert.Equal("1|3", relaxed);
        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(before, await item.Before(stall));
    }

    [Theory]
    [InlineData("replicas", false, "2|5", "but not of Deployment")]
    [InlineData("replicas", true, "2|5", "but not of Deployment")]
    [InlineData("budget", false, "0|2", "but not of PodDisruptionBudget")]
    [InlineData("budget", true, "0|2", "but not of PodDisruptionBudget")]
    [InlineData("both", false, "0|5", null)]
    [InlineData("both", true, "0|5", null)]
    public async Task Of_an_added_replica_and_a_relaxed_budget_each_is_taken_back_whatever_others_made_of_the_other(
        string changed, bool isBegun, string after, string? left)
    {
        var (stall, target, request) = await ArrangeAsync("relax_pdb_by_another_replica");
        await AddInVainAsync(stall, request);
        _time.Leap(RelaxationEffect.WaitFor);
        Assert.True((await Action("relax_pdb").RunAsync(request, CancellationToken.None)).IsApplied);
        if (isBegun)
        {
            await Assert.ThrowsAsync<KilledException>(() => Action("relax_pdb", store: new KilledStore(shop.Store, "after intend"))
                .UndoAsync(Undo(request, target), CancellationToken.None));
        }

        if (changed != "budget") await RecipeCases.Named("relax_pdb_by_another_replica").Meddle!(stall);
        if (changed != "replicas") await RecipeCases.Named("relax_pdb").Meddle!(stall);

        var undone = await Action("relax_pdb").UndoAsync(Undo(request, target), CancellationToken.None);
        var again = await Action("relax_pdb").UndoAsync(Undo(request, target), CancellationToken.None);

        Assert.True(undone.Status == (left is null ? ActionStatus.ChangedByOther : ActionStatus.Applied), undone.Detail);
        Assert.Contains(left ?? "their-tool", undone.Detail);
        Assert.Equal(undone.Status, again.Status);
        Assert.Equal(after, await RecipeCases.Named("relax_pdb").Before!(stall));
    }

    [Fact]
    public async Task An_added_replica_is_needed_until_the_pods_that_were_evicted_are_ready_elsewhere()
    {
        var (stall, target, request) = await ArrangeAsync("relax_pdb");
        var action = Action("relax_pdb");
        Assert.True((await action.RunAsync(request, CancellationToken.None)).IsApplied);
        await stall.CordonAsync(stall.Notes["side"], cordoned: false);
        await stall.PatchAsync(
            Kinds.Pod, (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Name(), """{"metadata":{"labels":{"is":"ill"}}}""");
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns","podLabels":{"is":"ill"}},"neverReady":{}}""");
        await stall.UntilAsync(Kinds.PodDisruptionBudget, "web", live => live.Whole("status", "currentHealthy") == 1);

        Assert.Equal("1 of 2 pods are healthy", await action.NeedAsync(request.Key, target, CancellationToken.None));
    }

    [Fact]
    public async Task A_stateful_set_is_given_no_further_member()
    {
        var stall = await shop.OpenAsync();
        await stall.AddNodesAsync();
        var set = await stall.CreateInAsync("""
            {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"replicas":2,
            "selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},
            "spec":{"containers":[{"name":"app","image":"registry.example/app:1.0"}]}}}}
            """);
        foreach (var (name, side) in (IEnumerable<(string, string)>)[("db-0", "a"), ("db-1", "b")])
        {
            // The simulator has no controller of StatefulSets.
            await stall.CreateInAsync($$"""
                { "apiVersion": "v1", "kind": "Pod",
                  "metadata": { "name": "{{name}}", "labels": { "app": "db" }, "ownerReferences": [ { "apiVersion": "apps/v1",
                    "kind": "StatefulSet", "name": "db", "uid": "{{set.Uid()}}", "controller": true } ] },
                  "spec": { "nodeName": "{{stall.Namespace}}-{{side}}",
                    "containers": [ { "name": "app", "image": "registry.example/app:1.0" } ] } }
                """);
        }

        await stall.CreateInAsync("""
            {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"db"},
            "spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"db"}}}}
            """);
        await stall.UntilAsync(Kinds.PodDisruptionBudget, "db", live =>
            RelaxationEffect.IsCounted(live) && live.Whole("status", "currentHealthy") == 2);
        await stall.CordonAsync("a");
        var request = RecipeCases.Named("relax_pdb_by_another_replica").Request(
            stall, stall.Target(TargetKinds.PodDisruptionBudget, "db"));

        var result = await Action("relax_pdb").DryRunAsync(request, CancellationToken.None);

        Assert.True(result.Status == ActionStatus.Rehearsed, $"{result.Status}: {result.Detail}");
        Assert.Contains("a replica more of StatefulSet db would be a new member", result.Detail);
    }

    [Theory]
    [InlineData("""{"spec":{"minAvailable":null,"maxUnavailable":0}}""", null, "the budget would ask for that one too")]
    [InlineData("""{"spec":{"minAvailable":"100%"}}""", null, "the budget would ask for that one too")]
    [InlineData(null, """{"metadata":{"annotations":{"meta.helm.sh/release-name":"shop"}}}""", "web belongs to Helm")]
    [InlineData(null, "autoscaled", "HorizontalPodAutoscaler web scales it")]
    [InlineData(null, "quota", "quota pods allows 2 of pods")]
    [InlineData(null, "incident", "is open")]
    [InlineData(null, "operation", "is under way")]
    public async Task No_replica_is_added_where_that_would_not_help_or_is_not_the_healers_to_do(
        string? budget, string? workload, string why)
    {
        var (stall, _, request) = await ArrangeAsync("relax_pdb_by_another_replica");
        if (budget is not null) await stall.PatchAsync(Kinds.PodDisruptionBudget, "web", budget, "kubectl");
        if (workload == "autoscaled")
        {
            await stall.CreateInAsync("""
                {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
                "spec":{"minReplicas":2,"maxReplicas":2,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}}
                """);
        }
        else if (workload == "quota")
        {
            await stall.CreateInAsync("""
                {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"pods"},"spec":{"hard":{"pods":"2"}}}
                """);
            await stall.SetStatusAsync(
                Kinds.ResourceQuota, "pods", """{"status":{"hard":{"pods":"2"},"used":{"pods":"2"}}}""");
        }
        else if (workload == "incident")
        {
            var (signal, web) = (Some.Signal(stall.Namespace), stall.Target(TargetKinds.Deployment, "web"));
            await shop.Store.JoinAsync(
                new JoinRequest(signal, web), TimeSpan.FromMinutes(5), Some.Noon,
                episode => new IncidentInput(web.IncidentId(episode), web, episode, signal, null, new SafetyLimits(), Some.Noon),
                CancellationToken.None);
        }
        else if (workload == "operation")
        {
            var (key, web) = ($"{stall.Namespace}/theirs", stall.Target(TargetKinds.Deployment, "web"));
            await shop.Store.IntendAsync(
                new Operation(
                    key, "i", "scale_workload", web.Key, null, OperationState.Intended, [], null, null, null, null, Some.Noon),
                CancellationToken.None);
            await stall.PatchAsync(
                Kinds.Deployment, "web", $$$"""{"metadata":{"annotations":{"heal.internal/operation":"{{{key}}}"} } }""");
        }
        else if (workload is not null)
        {
            await stall.PatchAsync(Kinds.Deployment, "web", workload, "helm");
        }

        await stall.UntilAsync(Kinds.PodDisruptionBudget, "web", RelaxationEffect.IsCounted);
        var result = await Action("relax_pdb").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Contains("no replica is added first: ", result.Detail);
        Assert.Contains(why, result.Detail);
        Assert.Equal(2, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("spec", "replicas"));
    }

    [Fact]
    public async Task Of_two_healers_on_one_target_one_acts_and_the_other_reports_busy()
    {
        var (stall, _, request) = await ArrangeAsync("scale_workload");
        var gate = new TaskCompletionSource();
        var slow = new WatchedClient(shop.Client, _ => gate.Task);
        var first = Action("scale_workload", slow).RunAsync(request, CancellationToken.None);
        while (slow.Writes == 0) await Task.Yield();

        var second = await Action("scale_workload").RunAsync(request with { Key = $"{request.Key}-other" }, CancellationToken.None);
        gate.SetResult();

        Assert.Equal(ActionStatus.Busy, second.Status);
        Assert.True((await first).IsApplied);
        Assert.Equal(3, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("spec", "replicas"));
    }

    [Fact]
    public async Task An_operation_that_began_long_ago_and_never_ended_keeps_nobody_from_the_target()
    {
        var (stall, _, request) = await ArrangeAsync("scale_workload");
        var dying = new WatchedClient(shop.Client, _ => throw new KilledException("before write"));
        await Assert.ThrowsAsync<KilledException>(() => Action("scale_workload", dying).RunAsync(request, CancellationToken.None));
        _time.Leap(RecipeAction.BusyFor + TimeSpan.FromMinutes(1));

        var other = await Action("scale_workload").RunAsync(request with { Key = $"{request.Key}-other" }, CancellationToken.None);

        Assert.True(other.IsApplied, other.Detail);
        Assert.Equal(3, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("spec", "replicas"));
    }

    [Fact]
    public async Task What_the_authorizer_of_the_cluster_forbids_is_a_missing_permission_of_the_action()
    {
        var (stall, _, request) = await ArrangeAsync("scale_workload");
        await stall.AddFaultAsync("""{"api":{"action":"forbid","method":"PATCH","path":"*/namespaces/$ns/deployments/web"}}""");

        var result = await Action("scale_workload").RunAsync(request, CancellationToken.None);
        await stall.RemoveFaultAsync();

        Assert.Equal((ActionStatus.NotPermitted,
            $"missing permission patch deployments.apps in namespace '{stall.Namespace}' for action scale_workload"),
            (result.Status, result.Detail));
    }

    [Fact]
    public async Task Past_its_time_limit_an_action_does_not_begin()
    {
        var (stall, _, request) = await ArrangeAsync("patch_hpa_max");
        var client = new WatchedClient(shop.Client);

        var result = await Action("patch_hpa_max", client).RunAsync(
            request with { ExpiresAt = _time.GetUtcNow() }, CancellationToken.None);

        Assert.Equal((ActionStatus.Blocked, 0), (result.Status, client.Writes));
        Assert.Null(await shop.Store.FindOperationAsync($"{stall.Namespace}/1", CancellationToken.None));
    }

    [Theory]
    [InlineData("meta.helm.sh/release-name", "Helm")]
    [InlineData("argocd.argoproj.io/tracking-id", "Argo CD")]
    [InlineData("kustomize.toolkit.fluxcd.io/name", "Flux")]
    public async Task What_another_tool_owns_is_not_patched(string annotation, string tool)
    {
        foreach (var id in (string[])["scale_workload", "rollout_restart", "pause_rollout"])
        {
            var (stall, _, request) = await ArrangeAsync(id);
            await stall.PatchAsync(Kinds.Deployment, "web",
                $$"""{ "metadata": { "annotations": { "{{annotation}}": "shop" } } }""");
            var client = new WatchedClient(shop.Client);

            var result = await Action(id, client).RunAsync(request, CancellationToken.None);

            Assert.Equal((ActionStatus.Refused, 0), (result.Status, client.Writes));
            Assert.Contains(tool, result.Detail);
        }
    }

    [Fact]
    public async Task A_drain_refuses_pods_that_nothing_would_make_again_and_data_that_would_be_lost()
    {
        var (stall, target, request) = await ArrangeAsync("drain_node");
        await stall.CreateInAsync($$"""
            { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "alone" }, "spec": { "nodeName": "{{target.Name}}",
              "containers": [ { "name": "app", "image": "registry.example/app:1.0" } ] } }
            """);

        var alone = await Action("drain_node").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, alone.Status);
        Assert.Contains("pod alone has no controller", alone.Detail);
    }

    [Fact]
    public async Task A_verification_look_says_who_took_the_effect_away()
    {
        var (stall, target, request) = await ArrangeAsync("patch_hpa_max");
        await Action("patch_hpa_max").RunAsync(request, CancellationToken.None);
        var before = await Action("patch_hpa_max").LookAsync(request.Key, target, CancellationToken.None);
        await stall.PatchAsync(Kinds.HorizontalPodAutoscaler, "web", """{"spec":{"maxReplicas":9}}""");

        var after = await Action("patch_hpa_max").LookAsync(request.Key, target, CancellationToken.None);

        Assert.Equal(VerificationVerdict.Healthy, before.Verdict);
        Assert.Equal(VerificationVerdict.Superseded, after.Verdict);
        Assert.Contains("their-tool", after.Detail);
    }

    [Theory]
    [InlineData(1, false, true)]
    [InlineData(1, true, false)]
    [InlineData(11, false, false)]
    public async Task A_node_is_not_switched_off_on_what_was_proven_before_the_healer_was_down(int minutes, bool isReady, bool isFenced)
    {
        var (stall, target, request) = await ArrangeAsync("fence_node");
        await Assert.ThrowsAsync<KilledException>(() => Action(
            "fence_node", store: new KilledStore(shop.Store, "after intend")).RunAsync(request, CancellationToken.None));
        if (isReady)
        {
            await stall.SetStatusAsync(
                Kinds.Node, target.Name, """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""", clusterWide: true);
        }

        _time.Leap(TimeSpan.FromMinutes(minutes));

        var result = await Action("fence_node").RunAsync(request, CancellationToken.None);

        Assert.True(result.Status == (isFenced ? ActionStatus.Applied : ActionStatus.Refused), $"{result.Status}: {result.Detail}");
        Assert.Equal(isFenced ? "Off" : "On", stall.Controllers.State(target.Name));
    }

    private RecipeAction Action(string id, WatchedClient? client = null, IHealStore? store = null) => new(
        RecipeBook.Find(id), new ActionTools(
            client ?? new WatchedClient(shop.Client), store ?? shop.Store, new Rig.Allowed(), _time, shop.Power, Given: shop.Ports));

    private static UndoRequest Undo(ActionRequest request, TargetReference target) =>
        new($"{request.Key}/undo", request.Key, request.IncidentId, request.ActionId, target);

    // The replica that relax_pdb adds finds no node.
    private Task<EffectPendingException> AddInVainAsync(Stall stall, ActionRequest request)
    {
        var full = new WatchedClient(
            shop.Client, number => number == 1 ? stall.CordonAsync(stall.Notes["side"] == "a" ? "b" : "a") : Task.CompletedTask);
        return Assert.ThrowsAsync<EffectPendingException>(() => Action("relax_pdb", full).RunAsync(request, CancellationToken.None));
    }

    private async Task<(Stall Stall, TargetReference Target, ActionRequest Request)> ArrangeAsync(string id)
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == id);
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        return (stall, target, item.Request(stall, target));
    }
}
