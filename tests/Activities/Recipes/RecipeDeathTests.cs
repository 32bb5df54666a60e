namespace Heal.Activities.Tests;

/// <summary>Every action, on a process that dies at any point of it.</summary>
public sealed class RecipeDeathTests(Shop shop) : RecipeClaims(shop)
{
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

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task Killed_and_run_again_it_has_one_effect_and_the_ledger_is_whole(string name, string at)
    {
        var (item, stall, target) = await ArrangeAsync(name);
        Task Die(string when) => at == when ? throw new KilledException(when) : Task.CompletedTask;
        var dying = new WatchedClient(Shop.Client, _ => Die("before write"), _ => Die("after write"));
        await Assert.ThrowsAsync<KilledException>(() =>
            RunAsync(item, stall, target, dying, new KilledStore(Shop.Store, at)));

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }
}
