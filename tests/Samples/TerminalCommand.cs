using System.Collections.Concurrent;
using System.Diagnostics;

namespace Heal.Samples.Tests;

/// <summary>A command as somebody types it: in a shell with a session of its own, whose processes get Ctrl-C together.</summary>
internal sealed class TerminalCommand : IAsyncDisposable
{
    /// <summary>For a command that has been told to end, or that ends by itself.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(2);

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Process _process;

    /// <param name="command">For bash.</param>
    /// <param name="folder">Where the terminal is.</param>
    /// <param name="environment">Variables beside those of the tests.</param>
    public TerminalCommand(string command, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("setsid", ["bash", "-c", command])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IEnumerable<string> Lines => _lines;

    public string Output => string.Join('\n', _lines);

    public bool HasEnded => _process.HasExited;

    /// <summary>Runs it to its end and gives what it printed.</summary>
    public static async Task<string> RunAsync(string command, string folder)
    {
        await using var terminal = new TerminalCommand(command, folder, new Dictionary<string, string>(StringComparer.Ordinal));
        await terminal.EndAsync();
        Assert.True(terminal._process.ExitCode == 0, $"'{command}' ended with {terminal._process.ExitCode}:\n{terminal.Output}");
        return terminal.Output;
    }

    /// <summary>Ctrl-C, and waits for the end.</summary>
    public async Task InterruptAsync()
    {
        Signal("INT");
        await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal("KILL");
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(EndLimit);
        await _process.WaitForExitAsync(limit.Token);
    }

    // The session's leader is the leader of its group.
    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", "--", $"-{_process.Id}"]);
        kill.WaitForExit();
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
