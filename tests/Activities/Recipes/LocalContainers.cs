using System.Diagnostics;
using Heal.Drivers.Kubernetes.Pods;

namespace Heal.Activities.Tests;

/// <summary>Runs what is to be run in containers in this machine's own shell: the scripts are real, the folders are the test's.</summary>
internal sealed class LocalContainers : IPodSessions
{
    public IAsyncEnumerable<PodLogLine> FollowLogAsync(
        string ns, string pod, LogFollowOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("no action follows logs");

    public async Task<ExecResult> ExecAsync(string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(options.Command[0], options.Command.Skip(1))
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new ExecResult(process.ExitCode, output, await errors, false);
    }
}
