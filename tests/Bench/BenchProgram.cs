using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Heal.Bench.Tests;

/// <summary>A benchmark as the program that it is.</summary>
internal static class BenchProgram
{
    // A minute and a half on a quiet machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private static readonly CompositeFormat Programs = CompositeFormat.Parse(typeof(BenchProgram).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Benchmarks").Value!);

    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(
        string name, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> arguments)
    {
        string program = string.Format(CultureInfo.InvariantCulture, Programs, name);
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

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
