using DurableTask.Core;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Work that outlived two workers may be what killed them, or may only have been there when it happened. Suspects run one at a time, so
/// that the next loss tells which one it was; what never killed anybody runs beside them as ever. One that is still fine after
/// <see cref="MaximumTimeAlone"/> has to share the process again.
/// </summary>
internal sealed class SuspectLane(TimeProvider time) : IDisposable
{
    /// <summary>A suspect is what so many workers were lost with: the first loss may be anything, a kill for example.</summary>
    public const int LostAttemptsOfSuspects = 2;

    /// <summary>More go back to the hub, so that they do not fill the worker's slots while they wait.</summary>
    public const int MaximumWaiting = 16;

    /// <summary>How long those wait that went back.</summary>
    public static readonly TimeSpan GiveBackDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaximumTimeAlone = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _alone = new(1, 1);
    private int _waiting;

    /// <summary>Runs a suspect when its turn comes.</summary>
    /// <param name="accuse">Counts the attempt as lost before it begins.</param>
    /// <param name="acquit">Called when the suspect has run alone long enough and goes on beside others; null to count it all the
    /// same.</param>
    /// <returns>False when too many wait already; nothing was run then.</returns>
    public async Task<bool> TryRunAsync(Func<Task> accuse, Func<Task> run, Func<Task>? acquit)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        Task running;
        await _alone.WaitAsync();
        try
        {
            await accuse();
            running = run();
            using var limit = new CancellationTokenSource();
            if (await Task.WhenAny(running, Task.Delay(MaximumTimeAlone, time, limit.Token)) != running && acquit is not null)
            {
                await acquit();
            }

#pragma warning disable CA1849, MA0042 // CancelAsync would go through the thread pool, past the scheduler that the worker was given.
            limit.Cancel();
#pragma warning restore CA1849, MA0042
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            _alone.Release();
        }

        await running;
        return true;
    }

    public void Dispose() => _alone.Dispose();

    /// <summary>The failure of work that is not tried again.</summary>
    public static FailureDetails Poison(string what, int losses) => new(
        "PoisonWorkItem",
        $"{what} is not tried again: {losses} workers were lost while they ran it, one after the other (a crash, a kill, too much memory). "
        + "Look for the cause in their last log lines.",
        IsNonRetriable: true);
}
