namespace Heal.Activities.Tests;

/// <summary>Silences of a real Alertmanager: it is that which no longer tells people, and which ends them.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealSilenceTests(RealShop shop) : RecipeClaims(shop)
{
    [Theory]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData(DoomedAction.AfterWrite)]
    [InlineData("before confirm")]
    public async Task Killed_at_any_point_and_run_again_there_is_one_silence_and_its_inverse_ends_it(string at)
    {
        await using var alertmanager = await RealAlertmanager.StartAsync();
        var (item, stall, target) = await ArrangeAsync("silence_alert");
        await alertmanager.FireAsync("WebDown", stall.Namespace, 2);
        await alertmanager.FireAsync("WebDown", "elsewhere", 1);
        var request = item.Request(stall, target);
        await new DoomedAction(Shop.Facts with { Desk = alertmanager.Url }, item.Name, request, at).DieAsync();
        using var http = new HttpClient();
        var action = item.ActionWith(new ActionTools(
            new WatchedClient(Shop.Client), Shop.Store, new Rig.Allowed(), item.Clock,
            Given: Shop.Ports with { Silences = new AlertmanagerSilences(http, alertmanager.Url) }));

        var result = await action.RunAsync(request, CancellationToken.None);
        var silenced = (await alertmanager.AlertsAsync(), await alertmanager.SilencesAsync());
        var undone = await action.UndoAsync(Undo(item, stall, target), CancellationToken.None);
        var ended = (await alertmanager.AlertsAsync(), await alertmanager.SilencesAsync());

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(((1, 2), (1, 0)), silenced);
        await AssertLedgerAsync(stall);
        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(((3, 0), (0, 1)), ended);
    }
}
