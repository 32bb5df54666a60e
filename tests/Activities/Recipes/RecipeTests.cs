using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What holds for every action, on a simulated cluster over HTTP, with the ledger on PostgreSQL.</summary>
public sealed class RecipeTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    public static TheoryData<string> Writing => [.. Cases.Where(item => item.WritesToCluster).Select(item => item.Name)];

    public static TheoryData<string> Contested => [.. Cases.Where(item => item.Meddle is not null).Select(item => item.Name)];

    [Fact]
    public void Every_action_of_the_program_is_tested_here() => Assert.Equal(
        RecipeBook.All.Select(recipe => recipe.Descriptor.Id).Order(StringComparer.Ordinal),
        Cases.Select(item => item.ActionId).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_takes_effect_once_however_often_it_is_run_with_the_same_key(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(Shop.Client);

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
    [MemberData(nameof(Names))]
    public async Task It_refuses_and_touches_nothing_when_its_precondition_does_not_hold(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var expected = await item.Spoil(stall);
        var client = new WatchedClient(Shop.Client);

        var result = await RunAsync(item, stall, target, client);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains(expected, result.Detail);
        Assert.Equal(0, client.Writes);
        Assert.Null(await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_dry_run_says_what_would_change_and_changes_nothing(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(Shop.Client);
        var before = item.Before is null ? null : await item.Before(stall);

        var result = await Action(item, client).DryRunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.True(result.Status == ActionStatus.Rehearsed, $"{result.Status}: {result.Detail}");
        Assert.Contains("would change", result.Detail);
        Assert.Equal(0, client.Writes);
        Assert.Equal(0, await item.Effects(stall));
        Assert.Equal(before, item.Before is null ? null : await item.Before(stall));
        Assert.Null(await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_kill_switch_blocks_it_before_anything_is_touched(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var client = new WatchedClient(Shop.Client);

        var result = await Action(item, client, safety: new Rig.Forbidden()).RunAsync(item.Request(stall, target), CancellationToken.None);

        Assert.Equal((ActionStatus.Blocked, 0), (result.Status, client.Writes));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task While_another_operation_on_the_target_is_under_way_it_reports_busy(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await Assert.ThrowsAsync<KilledException>(() =>
            RunAsync(item, stall, target, new WatchedClient(Shop.Client), new KilledStore(Shop.Store, "after intend")));
        var client = new WatchedClient(Shop.Client);

        var other = await Action(item, client).RunAsync(item.Request(stall, target, $"{stall.Namespace}/other"), CancellationToken.None);

        Assert.Equal((ActionStatus.Busy, 0), (other.Status, client.Writes));
        Assert.Contains($"{stall.Namespace}/1", other.Detail);
    }

    [Theory]
    [MemberData(nameof(Contested))]
    public Task Somebody_elses_change_in_between_stops_it(string name) => AssertMeddlingStopsAsync(name);

    [Theory]
    [MemberData(nameof(Writing))]
    public async Task A_write_that_it_has_no_right_to_is_said_as_a_missing_permission_of_this_action(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var forbidden = new WatchedClient(Shop.Client, _ => throw WatchedClient.Forbidden("patch", "apps", "deployments", stall.Namespace));

        var result = await RunAsync(item, stall, target, forbidden);

        Assert.True(result.Status == ActionStatus.NotPermitted, $"{result.Status}: {result.Detail}");
        Assert.Contains($"missing permission patch deployments.apps in namespace '{stall.Namespace}' for action {item.ActionId}",
            result.Detail);
        Assert.Equal(0, await item.Effects(stall));
    }
}
