namespace Heal.Activities.Tests;

/// <summary>
/// The way back of the actions, on a real API server with its controllers: each is carried out, its effect is seen, and its inverse puts
/// back what was there. For the kinds of cert-manager, Istio and Cluster API, whose fields the API server knows, the tests play the part
/// of the controllers; for pods and volumes, that of kubelets and drivers.
/// </summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealUndoTests(RealShop shop) : RecipeClaims(shop)
{
    public static TheoryData<string> Reversible =>
        [.. RealDeathTests.Carried.Where(name => RecipeCases.Named(name).Before is not null)];

    public static TheoryData<string> Contested =>
        [.. RealDeathTests.Carried.Where(name => RecipeCases.Named(name).Meddle is not null)];

    [Theory]
    [MemberData(nameof(Reversible))]
    public Task Its_inverse_puts_back_what_was_there_once(string name) => AssertInverseAsync(name);

    [Theory]
    [MemberData(nameof(Contested))]
    public Task What_somebody_else_changes_in_between_stops_it_and_he_is_named(string name) => AssertMeddlingStopsAsync(name);
}
