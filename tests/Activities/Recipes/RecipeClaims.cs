using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Runs an action of the table in a namespace of its own. Each class of claims has a cluster: they run side by side.</summary>
public abstract class RecipeClaims(Shop shop)
{
    private protected static readonly RecipeCase[] Cases = RecipeCases.All;

    public static TheoryData<string> Names => [.. Cases.Select(item => item.Name)];

    private protected Shop Shop { get; } = shop;

    private protected static string Key(Stall stall) => $"{stall.Namespace}/1";

    private protected static UndoRequest Undo(RecipeCase item, Stall stall, TargetReference target) =>
        new($"{Key(stall)}/undo", Key(stall), stall.Namespace, item.ActionId, target);

    private protected async Task<(RecipeCase Case, Stall Stall, TargetReference Target)> ArrangeAsync(string name)
    {
        var item = RecipeCases.Named(name);
        var stall = await Shop.OpenAsync();
        return (item, stall, await item.Arrange(stall));
    }

    private protected Task<ActionResult> RunAsync(
        RecipeCase item, Stall stall, TargetReference target, WatchedClient client, IHealStore? store = null) =>
        Action(item, client, store).RunAsync(item.Request(stall, target), CancellationToken.None);

    private protected IRemedyAction Action(RecipeCase item, WatchedClient client, IHealStore? store = null, ISafetySwitch? safety = null) =>
        item.ActionWith(new ActionTools(
            client, store ?? Shop.Store, safety ?? new Rig.Allowed(), item.Clock, Shop.Power,
            Given: Shop.Ports with { Sessions = Shop.Facts.SessionsOf(client.Inner) }));

    private protected async Task AssertLedgerAsync(Stall stall)
    {
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
        Assert.NotNull(row.PostImage);
    }

    /// <summary>What an action has done is taken back once, however often that is asked for.</summary>
    private protected async Task AssertInverseAsync(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var before = await item.Before!(stall);
        var applied = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        Assert.True(applied.IsApplied, $"{applied.Status}: {applied.Detail}");
        Assert.NotEqual(before, await item.Before(stall));
        var client = new WatchedClient(Shop.Client);

        var undone = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var writes = client.Writes;
        var again = await Action(item, client).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.True(again.IsApplied, $"{again.Status}: {again.Detail}");
        Assert.Equal(writes, client.Writes);
        Assert.Equal(before, await item.Before(stall));
        AssertDeclared(item, client);
    }

    /// <summary>Before the action's first write somebody else changes what it would change.</summary>
    private protected async Task AssertMeddlingStopsAsync(string name)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        var meddled = new WatchedClient(Shop.Client, number => number == 1 ? item.Meddle!(stall) : Task.CompletedTask);

        var result = await RunAsync(item, stall, target, meddled);

        Assert.True(result.Status == ActionStatus.ChangedByOther, $"{result.Status}: {result.Detail}");
        Assert.Contains("their-tool", result.Detail);
        Assert.Equal(0, await item.Effects(stall));
    }

    // The rights that the action declares are those that the roles are written from: it must not use others.
    private protected static void AssertDeclared(RecipeCase item, WatchedClient client)
    {
        var declared = item.Recipe.Descriptor.Permissions
            .SelectMany(rule => rule.Verbs.Select(verb => (rule.ApiGroup, rule.Resource, verb))).ToHashSet();
        Assert.DoesNotContain(client.Used, used => !declared.Contains(used));
    }
}
