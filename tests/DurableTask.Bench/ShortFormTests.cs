using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.DurableTask.Bench.Tests;

public sealed class ShortFormTests(ITestOutputHelper output)
{
    // A minute and a half on a quiet machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Every_benchmark_runs_and_measures_something()
    {
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await RunAsync("--quick", "--json", file));
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

    private static async Task<string> RunAsync(params string[] arguments)
    {
        string program = typeof(ShortFormTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "Benchmarks").Value!;
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment[TestServices.Postgres] = TestServices.Required(TestServices.Postgres);
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
