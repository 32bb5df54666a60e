using System.Text.Json.Nodes;

namespace Heal.Samples.Tests;

public sealed class SampleTests
{
    [Fact]
    public async Task HelloSequence_greets_three_cities_in_order()
    {
        await using SampleApp app = await SampleApp.StartAsync("HelloSequence");

        JsonObject started = await app.PostAsync("/api/HelloCities_HttpStart");

        JsonObject ended = await CompletedAsync(app, started);
        Assert.Equal("""["Hello Tokyo!","Hello Seattle!","Hello London!"]""", ended["output"]!.ToJsonString());
    }

    [Fact]
    public async Task HelloSequence_goes_on_after_a_kill()
    {
        await using SampleApp app = await SampleApp.StartAsync("HelloSequence");
        JsonObject started = await app.PostAsync("/api/HelloCities_HttpStart");

        Assert.True(app.Process.Kill());
        await app.Process.StartAsync();

        JsonObject ended = await CompletedAsync(app, started);
        Assert.Equal("Completed", (string)ended["runtimeStatus"]!);
    }

    [Fact]
    public async Task FanOut_counts_the_words_of_all_texts()
    {
        await using SampleApp app = await SampleApp.StartAsync("FanOut");

        JsonObject ended = await app.PostAsync("/api/count-words", new[] { "to be or not to be", "", "that is the question" });

        Assert.Equal("Completed", (string)ended["RuntimeStatus"]!);
        Assert.Equal("""{"Total":10,"PerText":[6,0,4]}""", (string)ended["SerializedOutput"]!);
    }

    [Theory]
    [InlineData(true, "approved")]
    [InlineData(false, "rejected: too dear")]
    public async Task Approval_ends_with_the_decision_of_the_person(bool approved, string result)
    {
        await using SampleApp app = await SampleApp.StartAsync("Approval");
        string id = await SubmitAsync(app, secondsToDecide: 3600);
        await app.GetUntilAsync($"/api/expenses/{id}", static answer => (string?)answer["step"] == "waiting for a decision");

        await app.PostAsync($"/api/expenses/{id}/decision", new { approved, comment = "too dear" });

        JsonObject ended = await EndedAsync(app, id);
        Assert.Equal(result, (string)ended["result"]!);
    }

    [Fact]
    public async Task Approval_escalates_when_nobody_decides_in_time()
    {
        await using SampleApp app = await SampleApp.StartAsync("Approval");

        string id = await SubmitAsync(app, secondsToDecide: 1);

        JsonObject ended = await EndedAsync(app, id);
        Assert.Equal("escalated", (string)ended["result"]!);
        Assert.Equal("nobody decided in time", (string)ended["step"]!);
    }

    [Theory]
    [InlineData("HelloSequence")]
    [InlineData("FanOut")]
    [InlineData("Approval")]
    public void A_sample_says_nothing_of_the_runtime_and_has_what_the_host_sets(string name)
    {
        string file = Path.ChangeExtension(SampleApp.AssemblyOf(name), "runtimeconfig.json");
        JsonNode settings = JsonNode.Parse(File.ReadAllText(file))!["runtimeOptions"]!["configProperties"]!;
        Assert.Equal(0, (int)settings["System.Threading.ThreadPool.UnfairSemaphoreSpinLimit"]!);
        Assert.False((bool)settings["System.Runtime.TieredPGO"]!);
    }

    private static async Task<string> SubmitAsync(SampleApp app, int secondsToDecide)
    {
        JsonObject submitted = await app.PostAsync("/api/expenses", new { purpose = "travel", amount = 120, secondsToDecide });
        return (string)submitted["instanceId"]!;
    }

    private static Task<JsonObject> EndedAsync(SampleApp app, string id) =>
        app.GetUntilAsync($"/api/expenses/{id}", static answer => (string)answer["status"]! == "Completed");

    private static Task<JsonObject> CompletedAsync(SampleApp app, JsonObject started) =>
        app.GetUntilAsync((string)started["StatusQueryGetUri"]!, static answer => (string)answer["runtimeStatus"]! == "Completed");
}
