using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Heal.DurableTask.Kills.Tests;
using Xunit.Abstractions;

namespace Heal.Bench.Tests;

public sealed class ShortFormTests(ITestOutputHelper output)
{
    // A minute and a half on a quiet machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    // docs/performance.md: 7 syncs and 6.5 kB for seq5. Commits count what only reads too: a look four times a second beside a slow
    // machine's few orchestrations.
    private const double MostSyncs = 8;
    private const double MostCommits = 10.5;
    private const double MostWalKilobytes = 8;
    private const double MostGrowth = 1.5;

    private static readonly CompositeFormat Programs = CompositeFormat.Parse(typeof(ShortFormTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Benchmarks").Value!);

    [Fact]
    public async Task Every_benchmark_of_the_engine_runs_and_measures_something()
    {
        // A server of its own: what other tests write to theirs at the same time is not what an orchestration costs.
        await using var postgres = await OwnPostgres.StartAsync(durable: false);
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await RunAsync("DurableTask", postgres.ConnectionString, "--quick", "--json", file));
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
            output.WriteLine(await RunAsync("FunctionsWorker", TestServices.Required(TestServices.Postgres), "--quick", "--json", file));
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

    private static async Task<string> RunAsync(string name, string postgres, params string[] arguments)
    {
        string program = string.Format(CultureInfo.InvariantCulture, Programs, name);
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment[TestServices.Postgres] = postgres;
        start.Environment[TestServices.Azurite] = TestServices.Required(TestServices.Azurite);
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            Task<string> printed = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"The benchmarks ended with {process.ExitCode}:\n{await printed}{await errors}");
            return await printed;
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The benchmarks did not end within {Limit}.", late);
        }
    }
}
