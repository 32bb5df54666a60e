using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Runs the <c>git</c> program: no shell, no prompts, no helpers of the machine's own configuration, a deadline, bounded output. Works on a
/// clone in a folder of its own that is removed afterwards.
/// </summary>
internal sealed class GitClone : IAsyncDisposable
{
    /// <summary>Of one command.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>Characters of output that are kept.</summary>
    public const int MaxOutput = 1 << 20;

    /// <summary>Commits of the branch that are looked at.</summary>
    public const int Depth = 50;

    private readonly string _folder;

    private GitClone(string folder) => _folder = folder;

    /// <exception cref="GitException">The remote cannot be cloned.</exception>
    public static async Task<GitClone> OpenAsync(string remote, string branch, CancellationToken cancellationToken)
    {
        var clone = new GitClone(Directory.CreateTempSubdirectory("heal-git-").FullName);
        try
        {
            string[] command =
                ["clone", "--quiet", "--no-tags", "--single-branch", "--depth", $"{Depth}", "--branch", branch, "--", remote, "."];
            await clone.RunAsync(command, cancellationToken);
            return clone;
        }
        catch
        {
            await clone.DisposeAsync();
            throw;
        }
    }

    /// <returns>What it wrote to its standard output.</returns>
    /// <param name="alsoGood">A further exit code that is no failure, such as that of a search without a match.</param>
    /// <exception cref="GitException">It failed, or did not end in time.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, int alsoGood = 0)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        using var process = Start(arguments);
        try
        {
            var output = ReadAsync(process.StandardOutput, limit.Token);
            var errors = ReadAsync(process.StandardError, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode == 0 || process.ExitCode == alsoGood) return await output;
            throw new GitException(arguments[0], SafeText.Line(Scrubber.Scrub(await errors), EvidenceLimits.MessageLength));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GitException(arguments[0], $"it did not end within {Timeout.TotalSeconds} s") { IsTimeout = true };
        }
        finally
        {
            await process.EndAsync();
        }
    }

    public ValueTask DisposeAsync()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder under the temporary one that stays costs some space, and nothing else.
        }

        return ValueTask.CompletedTask;
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            UseShellExecute = false,
        };
        info.Environment["GIT_TERMINAL_PROMPT"] = "0";
        info.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        info.Environment["GIT_ALLOW_PROTOCOL"] = "https:ssh:file";
        info.Environment["LC_ALL"] = "C";
        try
        {
            var process = Process.Start(info) ?? throw new GitException(arguments[0], "git was not started");
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw new GitException(arguments[0], $"the program git cannot be started: {e.Message}");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var chunk = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(chunk, cancellationToken)) > 0)
        {
            text.Append(chunk, 0, Math.Min(read, MaxOutput - text.Length));
        }

        return text.ToString();
    }
}

/// <summary>A git command failed.</summary>
internal sealed class GitException(string command, string detail) : Exception($"git {command}: {detail}")
{
    /// <summary>It was ended because it took too long: what it had begun may be done.</summary>
    public bool IsTimeout { get; init; }
}
