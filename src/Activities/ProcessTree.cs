using System.Diagnostics;

namespace Heal.Activities;

/// <summary>Programs that this process starts do not outlive the wait for them.</summary>
internal static class ProcessTree
{
    /// <summary>For the end of a killed program: the kernel may hold it in a call to a file system that does not answer.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    /// <summary>Kills a program that still runs, with all that it started, and waits until it is gone.</summary>
    public static async Task EndAsync(this Process process)
    {
        if (process.HasExited) return;
        process.Kill(entireProcessTree: true);
        using var limit = new CancellationTokenSource(EndLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // It is killed, and ends when that call does. Whoever waits must not hang with it.
        }
    }
}
