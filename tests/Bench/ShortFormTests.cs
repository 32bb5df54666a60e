using System.Text.Json.Nodes;
using Heal.DurableTask.Kills.Tests;
using Xunit.Abstractions;

namespace Heal.Bench.Tests;

public sealed class ShortFormTests(ITestOutputHelper output)
{
    // docs/performance.md: 7 syncs and 6.5 kB for seq5. Commits count what only reads too: a look four times a second beside a slow
    // machine's few orchestrations.
    private const double MostSyncs = 8;
    private const double MostCommits = 10.5;
    private const double MostWalKilobytes = 8;
    private const double MostGrowth = 1.5;

    [Fact]
    public async Task Every_benchmark_of_the_engine_runs_and_measures_something()
    {
        // A server of its own: what other tests write to theirs at the same time is not what an orchestration costs.
        await using var postgres = await OwnPostgres.StartAsync(durable: false);
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await BenchProgram.RunAsync("DurableTask", Servers(postgres.ConnectionString), "--quick", "--json", file));
            JsonArray figures = JsonNode.Parse(await File.ReadAllTextAsync(file))!["Figures"]!.AsArray();

            Assert.Equal(
                ["event", "fan100", "floor", "intake", "long", "million", "recover", "seq5", "timer10k"],
                figures.Select(figure => (string)figure!["Benchmark"]!).Distinct().Order(StringComparer.Ordinal));
            Assert.All(
                figures, figure => Assert.True((long)figure!["Count"]! > 0 && (double)figure["Seconds"]! > 0, figure.ToJsonString()));
            Assert.All(
                figures.Where(figure => (string)figure!["Benchmark"]! is "floor" or "seq5" or "fan100"),
                figure => Assert.True((double)figure!["Costs"]!["WalKilobytes"]! > 0, figure.ToJsonString()));
            AssertCosts(figures);
            AssertLinear([.. figures.Where(figure => (string)figure!["Benchmark"]! == "long").Select(figure => figure!)]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>What an orchestration of five activities costs the server hardly depends on the machine: the goals and a margin.</summary>
    private static void AssertCosts(JsonArray figures)
    {
        JsonNode alone = figures.Single(figure => (string)figure!["Benchmark"]! == "seq5" && (int)figure["Concurrency"]! == 1)!;

        // No more than its durable commits are syncs; a server without fsync, as that of the tests, counts none.
        Assert.True((double)alone["Costs"]!["Syncs"]! <= MostSyncs, alone.ToJsonString());
        Assert.True((double)alone["Costs"]!["Commits"]! is >= 1 and <= MostCommits, alone.ToJsonString());
        Assert.All(
            figures.Where(figure => (string)figure!["Benchmark"]! == "seq5"),
            figure => Assert.True((double)figure!["Costs"]!["WalKilobytes"]! <= MostWalKilobytes, figure.ToJsonString()));
    }

    /// <summary>Ten times the activities: what each costs stays. What read its history anew for each would cost several times as
    /// much.</summary>
    private static void AssertLinear(JsonNode[] figures)
    {
        (JsonNode brief, JsonNode tenfold) = (figures[0], figures[1]);
        Assert.Equal((long)brief["Count"]! * 10, (long)tenfold["Count"]!);
        foreach (string cost in new[] { "WalKilobytes", "AllocatedKilobytes" })
        {
            (double before, double after) = ((double)brief["Costs"]![cost]!, (double)tenfold["Costs"]![cost]!);
            Assert.True(
                before > 0 && after <= before * MostGrowth,
                $"{cost} per activity: {before} of {brief["What"]}, {after} of {tenfold["What"]}");
        }
    }

    [Fact]
    public async Task Every_benchmark_of_the_function_host_runs_and_measures_something()
    {
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await BenchProgram.RunAsync(
                "FunctionsWorker", Servers(TestServices.Required(TestServices.Postgres)), "--quick", "--json", file));
            JsonArray figures = JsonNode.Parse(await File.ReadAllTextAsync(file))!["Figures"]!.AsArray();

            Assert.Equal(
                ["first", "http", "intake", "queue", "start", "users"],
                figures.Select(figure => (string)figure!["Benchmark"]!).Distinct().Order(StringComparer.Ordinal));
            Assert.All(
                figures.Where(figure => (string)figure!["What"]! != "ratio"),
                figure => Assert.True(
                    (double?)figure!["PerSecond"] > 0 || (double?)figure["Latency"]?["P50"] > 0, figure.ToJsonString()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Dictionary<string, string> Servers(string postgres) => new(StringComparer.Ordinal)
    {
        [TestServices.Postgres] = postgres, [TestServices.Azurite] = TestServices.Required(TestServices.Azurite),
    };
}
