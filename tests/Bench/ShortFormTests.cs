using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Bench.Tests;

public sealed class ShortFormTests(ITestOutputHelper output)
{
    // A minute and a half on a quiet machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly CompositeFormat Programs = CompositeFormat.Parse(typeof(ShortFormTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Benchmarks").Value!);

    [Fact]
    public async Task Every_benchmark_of_the_engine_runs_and_measures_something()
    {
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await RunAsync("DurableTask", "--quick", "--json", file));
            JsonArray figures = JsonNode.Parse(await File.ReadAllTextAsync(file))!["Figures"]!.AsArray();

            Assert.Equal(
                ["event", "fan100", "floor", "intake", "long", "million", "recover", "seq5", "timer10k"],
                figures.Select(figure => (string)figure!["Benchmark"]!).Distinct().Order(StringComparer.Ordinal));
            Assert.All(
                figures, figure => Assert.True((long)figure!["Count"]! > 0 && (double)figure["Seconds"]! > 0, figure.ToJsonString()));
            Assert.All(
                figures.Where(figure => (string)figure!["Benchmark"]! is "floor" or "seq5" or "fan100"),
                figure => Assert.True((double)figure!["Costs"]!["WalKilobytes"]! > 0, figure.ToJsonString()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Every_benchmark_of_the_function_host_runs_and_measures_something()
    {
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await RunAsync("FunctionsWorker", "--quick", "--json", file));
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

    private static async Task<string> RunAsync(string name, params string[] arguments)
    {
        string program = string.Format(CultureInfo.InvariantCulture, Programs, name);
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment[TestServices.Postgres] = TestServices.Required(TestServices.Postgres);
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
