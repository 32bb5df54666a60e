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
            client, store ?? Shop.Store, safety ?? new Rig.Allowed(), item.Clock, Shop.Power, Given: Shop.Ports));

    private protected async Task AssertLedgerAsync(Stall stall)
    {
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
        Assert.NotNull(row.PostImage);
    }

    // The rights that the action declares are those that the roles are written from: it must not use others.
    private protected static void AssertDeclared(RecipeCase item, WatchedClient client)
    {
        var declared = item.Recipe.Descriptor.Permissions
            .SelectMany(rule => rule.Verbs.Select(verb => (rule.ApiGroup, rule.Resource, verb))).ToHashSet();
        Assert.DoesNotContain(client.Used, used => !declared.Contains(used));
    }
}
