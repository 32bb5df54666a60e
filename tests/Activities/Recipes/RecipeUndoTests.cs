using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The way back of every action that has one, and what an inverse keeps from beginning.</summary>
public sealed class RecipeUndoTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    public static TheoryData<string> Reversible => [.. Cases.Where(item => item.Before is not null).Select(item => item.Name)];

    public static TheoryData<string> ContestedReversible =>
        [.. Cases.Where(item => item.Meddle is not null && item.Before is not null).Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Reversible))]
    public Task Its_inverse_puts_back_what_was_there_once(string name) => AssertInverseAsync(name);

    [Theory]
    [MemberData(nameof(Reversible))]
    public async Task An_inverse_that_dies_once_it_has_abandoned_an_unconfirmed_action_puts_everything_back_when_it_comes_again(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var before = await item.Before!(stall);
        var client = new WatchedClient(Shop.Client);
        await Assert.ThrowsAsync<KilledException>(() =>
            RunAsync(item, stall, target, client, new KilledStore(Shop.Store, "before confirm")));
        Assert.NotEqual(before, await item.Before(stall));

        await Assert.ThrowsAsync<KilledException>(() => Action(item, client, new KilledStore(Shop.Store, "after confirm"))
            .UndoAsync(Undo(item, stall, target), CancellationToken.None));
        var undone = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var writes = client.Writes;
        var late = await RunAsync(item, stall, target, client);

        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(before, await item.Before(stall));
        Assert.True(!late.IsApplied && client.Writes == writes, $"{late.Status}: {late.Detail}");
    }

    [Theory]
    [MemberData(nameof(ContestedReversible))]
    public async Task Its_inverse_leaves_alone_what_somebody_changed_since(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        await item.Meddle!(stall);
        var client = new WatchedClient(Shop.Client);

        var undone = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(undone.Status == ActionStatus.ChangedByOther, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(0, client.Writes);
    }

    [Fact]
    public async Task A_temporary_effect_under_a_later_one_waits_for_its_end_and_is_taken_back_then()
    {
        var (item, stall, target) = await ArrangeAsync("patch_hpa_max");
        var (before, action) = (await item.Before!(stall), Action(item, new WatchedClient(Shop.Client)));
        var first = await RaiseAsync("1");
        await stall.UntilAsync(Kinds.HorizontalPodAutoscaler, "web", live =>
            live.Whole("status", "currentReplicas") == 4 && live.Condition("ScalingLimited").Text("reason") == "TooManyReplicas");
        var second = await RaiseAsync("2");

        var early = await UndoAsync(first);
        var late = await UndoAsync(second);
        var again = await UndoAsync(first);

        Assert.True(early.Status == ActionStatus.Blocked, $"{early.Status}: {early.Detail}");
        Assert.Contains(second, early.Detail);
        Assert.True(late.IsApplied && again.IsApplied, $"{late.Detail} / {again.Detail}");
        Assert.Equal(before, await item.Before(stall));

        async Task<string> RaiseAsync(string number)
        {
            var request = item.Request(stall, target) with { Key = $"{stall.Namespace}/{number}" };
            await Shop.Expiries.RegisterAsync(
                new ExpiryRequest(request.Key, request.IncidentId, request.ActionId, target, DateTimeOffset.UtcNow.AddHours(4)),
                DateTimeOffset.UtcNow, CancellationToken.None);
            var applied = await action.RunAsync(request, CancellationToken.None);
            Assert.True(applied.IsApplied, $"{applied.Status}: {applied.Detail}");
            return request.Key;
        }

        Task<ActionResult> UndoAsync(string key) => action.UndoAsync(
            new UndoRequest($"{key}/undo", key, stall.Namespace, item.ActionId, target), CancellationToken.None);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_inverse_that_is_due_before_it_began_keeps_it_from_beginning(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);

        var undone = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var client = new WatchedClient(Shop.Client);
        var late = await RunAsync(item, stall, target, client);

        Assert.Equal(ActionStatus.Refused, undone.Status);
        Assert.Equal((ActionStatus.Blocked, 0), (late.Status, client.Writes));
    }
}
