using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What holds for every action, on a simulated cluster over HTTP, with the ledger on PostgreSQL.</summary>
public sealed class RecipeTests(Shop shop) : IClassFixture<Shop>
{
    private static readonly RecipeCase[] Cases = RecipeCases.All;

    public static TheoryData<string> Names => [.. Cases.Select(item => item.Name)];

    public static TheoryData<string> Reversible => [.. Cases.Where(item => item.Before is not null).Select(item => item.Name)];

    public static TheoryData<string> Writing => [.. Cases.Where(item => item.WritesToCluster).Select(item => item.Name)];

    public static TheoryData<string> Contested => [.. Cases.Where(item => item.Meddle is not null).Select(item => item.Name)];

    public static TheoryData<string> ContestedReversible =>
        [.. Cases.Where(item => item.Meddle is not null && item.Before is not null).Select(item => item.Name)];

    public static TheoryData<string, string> Deaths
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var item in Cases)
            {
                foreach (var at in (string[])["before intend", "after intend", "before write", "after write", "before confirm"])
                {
                    if (item.WritesToCluster || !at.EndsWith("write", StringComparison.Ordinal)) data.Add(item.Name, at);
                }
            }

            return data;
        }
    }

    [Fact]
    public void Every_action_of_the_program_is_tested_here() => Assert.Equal(
        RecipeBook.All.Select(recipe => recipe.Descriptor.Id).Order(StringComparer.Ordinal),
        Cases.Select(item => item.ActionId).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_takes_effect_once_however_often_it_is_run_with_the_same_key(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(shop.Client);

        var first = await RunAsync(item, stall, target, client);
        var writes = client.Writes;
        var second = await RunAsync(item, stall, target, client);

        Assert.True(first.IsApplied, $"{first.Status}: {first.Detail}");
        Assert.Equal((first.Status, first.Detail), (second.Status, second.Detail));
        Assert.Equal(writes, client.Writes);
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
        AssertDeclared(item, client);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task Killed_and_run_again_it_has_one_effect_and_the_ledger_is_whole(string name, string at)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        Task Die(string when) => at == when ? throw new KilledException(when) : Task.CompletedTask;
        var dying = new WatchedClient(shop.Client, _ => Die("before write"), _ => Die("after write"));
        await Assert.ThrowsAsync<KilledException>(() =>
            RunAsync(item, stall, target, dying, new KilledStore(shop.Store, at)));

        var result = await RunAsync(item, stall, target, new WatchedClient(shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_refuses_and_touches_nothing_when_its_precondition_does_not_hold(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var expected = await item.Spoil(stall);
        var client = new WatchedClient(shop.Client);

        var result = await RunAsync(item, stall, target, client);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains(expected, result.Detail);
        Assert.Equal(0, client.Writes);
        Assert.Null(await shop.Store.FindOperationAsync(Key(stall), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_dry_run_says_what_would_change_and_changes_nothing(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(shop.Client);
        var before = item.Before is null ? null : await item.Before(stall);

        var result = await Action(item, client).DryRunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.True(result.Status == ActionStatus.Rehearsed, $"{result.Status}: {result.Detail}");
        Assert.Contains("would change", result.Detail);
        Assert.Equal(0, client.Writes);
        Assert.Equal(0, await item.Effects(stall));
        Assert.Equal(before, item.Before is null ? null : await item.Before(stall));
        Assert.Null(await shop.Store.FindOperationAsync(Key(stall), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_kill_switch_blocks_it_before_anything_is_touched(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(shop.Client);

        var result = await Action(item, client, safety: new Rig.Forbidden()).RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Blocked, 0), (result.Status, client.Writes));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task While_another_operation_on_the_target_is_under_way_it_reports_busy(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await Assert.ThrowsAsync<KilledException>(() =>
            RunAsync(item, stall, target, new WatchedClient(shop.Client), new KilledStore(shop.Store, "after intend")));
        var client = new WatchedClient(shop.Client);

        var other = await Action(item, client).RunAsync(item.Request(stall, target, $"{stall.Namespace}/other"), CancellationToken.None);

        Assert.Equal((ActionStatus.Busy, 0), (other.Status, client.Writes));
        Assert.Contains($"{stall.Namespace}/1", other.Detail);
    }

    [Theory]
    [MemberData(nameof(Reversible))]
    public async Task Its_inverse_puts_back_what_was_there_once(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var before = await item.Before!(stall);
        var applied = await RunAsync(item, stall, target, new WatchedClient(shop.Client));
        Assert.True(applied.IsApplied, $"{applied.Status}: {applied.Detail}");
        Assert.NotEqual(before, await item.Before(stall));
        var client = new WatchedClient(shop.Client);

        var undone = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var writes = client.Writes;
        var again = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.True(again.IsApplied, $"{again.Status}: {again.Detail}");
        Assert.Equal(writes, client.Writes);
        Assert.Equal(before, await item.Before(stall));
        AssertDeclared(item, client);
    }

    [Theory]
    [MemberData(nameof(Contested))]
    public async Task Somebody_elses_change_in_between_stops_it(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var meddled = new WatchedClient(shop.Client, number => number == 1 ? item.Meddle!(stall) : Task.CompletedTask);

        var result = await RunAsync(item, stall, target, meddled);

        Assert.True(result.Status == ActionStatus.ChangedByOther, $"{result.Status}: {result.Detail}");
        Assert.Contains("their-tool", result.Detail);
        Assert.Equal(0, await item.Effects(stall));
    }

    [Theory]
    [MemberData(nameof(ContestedReversible))]
    public async Task Its_inverse_leaves_alone_what_somebody_changed_since(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await RunAsync(item, stall, target, new WatchedClient(shop.Client));
        await item.Meddle!(stall);
        var client = new WatchedClient(shop.Client);

        var undone = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(undone.Status == ActionStatus.ChangedByOther, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(0, client.Writes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_inverse_that_is_due_before_it_began_keeps_it_from_beginning(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);

        var undone = await Action(item, new WatchedClient(shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var client = new WatchedClient(shop.Client);
        var late = await RunAsync(item, stall, target, client);

        Assert.Equal(ActionStatus.Refused, undone.Status);
        Assert.Equal((ActionStatus.Blocked, 0), (late.Status, client.Writes));
    }

    [Theory]
    [MemberData(nameof(Writing))]
    public async Task A_write_that_it_has_no_right_to_is_said_as_a_missing_permission_of_this_action(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var forbidden = new WatchedClient(shop.Client, _ => throw WatchedClient.Forbidden("patch", "apps", "deployments", stall.Namespace));

        var result = await RunAsync(item, stall, target, forbidden);

        Assert.True(result.Status == ActionStatus.NotPermitted, $"{result.Status}: {result.Detail}");
        Assert.Contains($"missing permission patch deployments.apps in namespace '{stall.Namespace}' for action {item.ActionId}",
            result.Detail);
        Assert.Equal(0, await item.Effects(stall));
    }

    private static string Key(Stall stall) => $"{stall.Namespace}/1";

    private static UndoRequest Undo(RecipeCase item, Stall stall, TargetReference target) =>
        new($"{Key(stall)}/undo", Key(stall), stall.Namespace, item.ActionId, target);

    private async Task<(RecipeCase Case, Stall Stall, TargetReference Target)> ArrangeAsync(string name)
    {
        var item = Cases.Single(candidate => candidate.Name == name);
        var stall = await shop.OpenAsync();
        return (item, stall, await item.Arrange(stall));
    }

    private Task<ActionResult> RunAsync(
        RecipeCase item, Stall stall, TargetReference target, WatchedClient client, IHealStore? store = null) =>
        Action(item, client, store).RunAsync(item.Request(stall, target), CancellationToken.None);

    private RecipeAction Action(RecipeCase item, WatchedClient client, IHealStore? store = null, ISafetySwitch? safety = null) =>
        new(item.Recipe, new ActionTools(
            client, store ?? shop.Store, safety ?? new Rig.Allowed(), item.Clock, shop.Power, Given: shop.Ports));

    private async Task AssertLedgerAsync(Stall stall)
    {
        var row = await shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
        Assert.NotNull(row.PostImage);
    }

    // The rights that the action declares are those that the roles are written from: it must not use others.
    private static void AssertDeclared(RecipeCase item, WatchedClient client)
    {
        var declared = item.Recipe.Descriptor.Permissions
            .SelectMany(rule => rule.Verbs.Select(verb => (rule.ApiGroup, rule.Resource, verb))).ToHashSet();
        Assert.DoesNotContain(client.Used, used => !declared.Contains(used));
    }
}
