using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// The actions that change a cluster and that one without containers can carry, each in a process of its own that SIGKILL
/// ends at a point of it. Its API server, its controllers and its scheduler see one effect, and the ledger is whole.
/// </summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealDeathTests(RealShop shop) : RecipeClaims(shop)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Points = ["before intend", "after intend", DoomedAction.AfterWrite, "before confirm"];

    internal static readonly string[] Carried =
    [
        "restart_pod", "rollout_restart", "rollback_deployment", "scale_workload", "pause_rollout", "raise_memory", "patch_hpa_max",
        "patch_config", "relax_pdb", "relax_pdb_by_another_replica", "cordon_node", "uncordon_node", "taint_node", "drain_node",
        "delete_stuck_pod", "quarantine_pod", "fix_service_selector", "fix_service_target_port", "rerun_job", "delete_failed_job",
        "resume_rollout", "untaint_node", "fence_node", "delete_stuck_stateful_pod", "right_size", "raise_cpu",
        "remove_network_policy_rule", "remove_authz_policy", "expand_pvc", "snapshot_pvc", "scale_node_pool", "renew_certificate",
        "helm_rollback", "refresh_pull_secret", "refresh_pull_secret_that_is_gone", "restore_deleted_object_from_helm",
        "restore_deleted_object_from_git", "restore_deleted_object_by_name", "recreate_pvc_statefulset_empty",
        "recreate_pvc_statefulset_from_snapshot", "git_revert", "git_revert_of_a_config_map", "cleanup_path", "purge_quarantine",
        "silence_alert", "notify", "open_ticket", "collect_diagnostics", "backup",
    ];

    public static TheoryData<string> Mortals => [.. Carried];

    [Theory]
    [MemberData(nameof(Mortals))]
    public Task Killed_at_any_point_and_run_again_it_has_one_effect_and_the_ledger_is_whole(string name) =>
        Task.WhenAll(Points.Select(at => DieAndGoOnAsync(name, at)));

    [Fact]
    public async Task Of_two_healers_on_one_target_one_acts_and_the_other_reports_busy()
    {
        var (item, stall, target) = await ArrangeAsync("scale_workload");
        var (sending, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = new WatchedClient(Shop.Client, async _ =>
        {
            sending.TrySetResult();
            await goOn.Task;
        });
        var first = RunAsync(item, stall, target, slow);
        await await Task.WhenAny(sending.Task, first);

        var other = item.Request(stall, target, $"{stall.Namespace}/2") with { IncidentId = $"{stall.Namespace}-other" };
        var second = await Action(item, new WatchedClient(Shop.Client)).RunAsync(other, CancellationToken.None);
        goOn.SetResult();

        Assert.Equal(ActionStatus.Busy, second.Status);
        Assert.Contains(Key(stall), second.Detail, StringComparison.Ordinal);
        Assert.True((await first).IsApplied, (await first).Detail);
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
        Assert.Null(await Shop.Store.FindOperationAsync(other.Key, CancellationToken.None));
    }

    private async Task DieAndGoOnAsync(string name, string at)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var request = item.Request(stall, target);
        await new DoomedAction(Shop.Facts, name, request, at).DieAsync();

        var result = await Action(item, new WatchedClient(Shop.Client)).RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, $"{at}: {result.Status}: {result.Detail}");
        var effects = await SettledAsync(item, stall);
        Assert.True(effects == 1, $"{at}: {effects} effects");
        await AssertLedgerAsync(stall);
    }

    // What the action has done is confirmed; the cluster's controllers may not be through with it.
    private static async Task<int> SettledAsync(RecipeCase item, Stall stall)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var effects = await item.Effects(stall);
            if (effects >= 0 || limit.IsCancellationRequested) return effects;
            await Task.Delay(50);
        }
    }
}
