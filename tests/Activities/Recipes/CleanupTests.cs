using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Where nothing is cleaned up, and what a dry run lists.</summary>
public sealed class CleanupTests(Shop shop) : IClassFixture<Shop>
{
    [Theory]
    [InlineData("/var/cache/app", null)]
    [InlineData("/var/cache/app/sub", null)]
    [InlineData("/var/cache/apple", "does not allow")]
    [InlineData("/var/cache", "does not allow")]
    [InlineData("/var/cache/app/../other", "expected an absolute path")]
    [InlineData("/var/cache/app/*", "expected an absolute path")]
    [InlineData("/", "expected an absolute path")]
    [InlineData("relative", "expected an absolute path")]
    public void Only_what_the_settings_allow_is_touched(string path, string? objection)
    {
        var said = new CleanupOptions { Paths = { "/var/cache/app/" } }.Objection(path);

        if (objection is null) Assert.Null(said);
        else Assert.Contains(objection, said);
    }

    [Fact]
    public async Task A_dry_run_lists_what_would_be_set_aside_and_how_much_it_is()
    {
        var (_, _, action, request) = await ArrangeAsync();

        var result = await action.DryRunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Rehearsed, result.Status);
        Assert.Contains("sets 2 files of 1Mi aside", result.Detail);
        Assert.Contains("big one's.log, deep/er/$(touch oops).log", result.Detail);
    }

    [Fact]
    public async Task What_was_made_anew_in_the_place_of_a_file_is_not_overwritten_by_the_inverse()
    {
        var (stall, target, action, request) = await ArrangeAsync();
        Assert.True((await action.RunAsync(request, CancellationToken.None)).IsApplied);
        var anew = Path.Combine(stall.Notes["root"], "big one's.log");
        await File.WriteAllTextAsync(anew, "new");

        var undone = await action.UndoAsync(
            new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, "cleanup_path", target), CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, undone.Status);
        Assert.Equal("new", await File.ReadAllTextAsync(anew));
    }

    private async Task<(Stall Stall, TargetReference Target, RecipeAction Action, ActionRequest Request)> ArrangeAsync()
    {
        var item = RecipeCases.All.Single(candidate => candidate.Name == "cleanup_path");
        var stall = await shop.OpenAsync();
        var target = await item.Arrange(stall);
        var tools = new ActionTools(new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System, Given: shop.Ports);
        return (stall, target, new RecipeAction(item.Recipe, tools), item.Request(stall, target));
    }
}
