namespace Heal.Activities.Tests;

/// <summary>Every action, in a process of its own that SIGKILL ends at a point of it.</summary>
public sealed class RecipeDeathTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    public static TheoryData<string, string> Deaths
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var item in Cases)
            {
                foreach (var at in (string[])["before intend", "after intend", DoomedAction.AfterWrite, "before confirm"])
                {
                    data.Add(item.Name, at);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task Killed_and_run_again_it_has_one_effect_and_the_ledger_is_whole(string name, string at)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        await new DoomedAction(Shop.Facts, name, item.Request(stall, target), at).DieAsync();

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }
}
