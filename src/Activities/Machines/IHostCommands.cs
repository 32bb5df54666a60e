using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Heal.Activities;

/// <summary>Runs a command that the settings allow for a host, as the account of the healer.</summary>
internal interface IHostCommands
{
    /// <returns>Exit code and the last words of its output.</returns>
    /// <exception cref="HostCommandException">It could not be run, or did not end in time.</exception>
    Task<(int ExitCode, string Said)> RunAsync(IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken);
}

/// <summary>The command could not be run; whether it had an effect is not known.</summary>
internal sealed class HostCommandException(string program, string detail, Exception? inner = null)
    : Exception($"Command '{program}': {detail}", inner);

/// <summary>Runs it on this machine. For another host the command itself goes there, as with ssh.</summary>
internal sealed class LocalCommands(TimeProvider time) : IHostCommands
{
    /// <summary>Characters of a command's output that are kept: its last ones.</summary>
    public const int KeptCharacters = 500;

    /// <summary>Characters that are read at once.</summary>
    private const int ReadCharacters = 4_096;

    public async Task<(int ExitCode, string Said)> RunAsync(
        IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false,
        };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new HostCommandException(command[0], e.Message, e);
        }

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            process.StandardInput.Close();
            var (said, complained) = (EndOfAsync(process.StandardOutput, either.Token), EndOfAsync(process.StandardError, either.Token));
            await process.WaitForExitAsync(either.Token);
            var words = $"{await said}{await complained}".Trim();
            return (process.ExitCode, words.Length > KeptCharacters ? words[^KeptCharacters..] : words);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested)
        {
            throw new HostCommandException(command[0], $"it did not end within {limit.TotalSeconds:0} s", e);
        }
        finally
        {
            await process.EndAsync();
        }
    }

    /// <summary>Reads to the end and keeps the last <see cref="KeptCharacters"/>, so that a command which talks without end costs time, not
    /// memory.</summary>
    internal static async Task<string> EndOfAsync(TextReader output, CancellationToken cancellationToken)
    {
        var (read, kept) = (new char[ReadCharacters], new StringBuilder(2 * KeptCharacters));
        while (await output.ReadAsync(read, cancellationToken) is > 0 and var count)
        {
            kept.Append(read, Math.Max(0, count - KeptCharacters), Math.Min(count, KeptCharacters));
            if (kept.Length > KeptCharacters) kept.Remove(0, kept.Length - KeptCharacters);
        }

        return kept.ToString();
    }
}
