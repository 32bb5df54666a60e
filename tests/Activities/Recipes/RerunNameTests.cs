using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Names of Jobs that are run once more: the controller puts them into a label of their pods.</summary>
public sealed class RerunNameTests(Shop shop) : IClassFixture<Shop>
{
    private const int LongestLabel = 63;
    private const string OfAllShops = "nightly-import-of-the-orders-of-all-shops-in-the";

    [Theory]
    [InlineData("import", "import-rerun-")]
    [InlineData(OfAllShops + "-country-of-the", OfAllShops + "-c-rerun-")]
    [InlineData(OfAllShops + "--9", OfAllShops + "-rerun-")] // no dash is left before the next one
    public async Task A_Job_is_run_again_under_a_name_that_fits(string name, string start)
    {
        var stall = await shop.OpenAsync();
        await ObjectCases.FailedJobAsync(stall, name);
        var tools = new ActionTools(new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System);
        var request = new ActionRequest($"{stall.Namespace}/1", stall.Namespace, "rerun_job", stall.Target(TargetKinds.Job, name),
            new Dictionary<string, string>(), 0, "");

        var proposal = await RecipeBook.Find("rerun_job").ProposeAsync(tools, request, CancellationToken.None);

        var made = Assert.IsType<CreateEffect>(Assert.Single(proposal.Steps)).Address.Name;
        Assert.StartsWith(start, made);
        Assert.True(made.Length <= LongestLabel, $"{made} has {made.Length} characters");
    }
}
