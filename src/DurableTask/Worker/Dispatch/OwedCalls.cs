using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// What a worker owes the hub is the outcome of what it ran, or the lock that it gives back. A hub need not have a lease for each lock
/// (decision 33): what is forgotten may stay with a worker for as long as that lives. So these calls are repeated for as long as the lock
/// is the worker's, with pauses of 0.1 s that double up to <see cref="TaskHubWorkerOptions.MaximumReconnectDelay"/>.
/// </summary>
internal static class OwedCalls
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long to wait before the next attempt.</summary>
    /// <param name="failures">How many attempts have failed, at least 1.</param>
    public static TimeSpan PauseAfter(int failures, TimeSpan longest)
    {
        TimeSpan pause = FirstPause;
        for (int doubled = 1; doubled < failures && pause < longest; doubled++)
        {
            pause *= 2;
        }

        return pause < longest ? pause : longest;
    }

    /// <summary>Gives a lock back. Throws nothing.</summary>
    /// <param name="isOwed">False when somebody else gave it back meanwhile, or nobody will any more.</param>
    /// <param name="failed">Says that it did not work yet, and when it is tried again.</param>
    public static async Task GiveBackAsync(
        WorkerRuntime runtime, Func<Task> giveBack, Func<bool> isOwed, Action<string, TimeSpan> failed)
    {
        int failures = 0;
        do
        {
            try
            {
                await giveBack();
                return;
            }
            catch (WorkItemLockLostException)
            {
                return;
            }
            catch (Exception unreachable)
            {
                TimeSpan pause = PauseAfter(++failures, runtime.HubOptions.MaximumReconnectDelay);
                failed(unreachable.Message, pause);
                await Task.Delay(pause, runtime.Time, CancellationToken.None);
            }
        }
        while (isOwed());
    }
}
