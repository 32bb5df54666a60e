using System.ComponentModel;
using System.Diagnostics;

namespace Heal.Cluster.Tests;

/// <summary>
/// Runs programs of this machine within a time limit (default 2 minutes). A missing program and an exit code other than 0 fail the test.
/// </summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static Task<string> RunAsync(string program, params IReadOnlyList<string> arguments) =>
        RunAsync(program, arguments, input: null, environment: null);

    /// <returns>What it printed on stdout.</returns>
    public static async Task<string> RunAsync(
        string program, IReadOnlyList<string> arguments, string? input, IReadOnlyDictionary<string, string>? environment)
    {
        using Process process = Start(program, arguments, environment);
        using var limit = new CancellationTokenSource(Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input);
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            await Task.WhenAll(output, errors);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', arguments)}' did not end within {Limit}.", late);
        }

        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"'{program} {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}:\n{await output}{await errors}");
    }

    /// <summary>Started, with all its streams redirected; the caller ends it.</summary>
    public static Process Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException(
                $"This test needs '{program}', which cannot be started. ./test.sh --cluster installs it.",
                missing);
        }
    }
}
