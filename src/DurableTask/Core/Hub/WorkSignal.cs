namespace DurableTask.Core.Hub;

/// <summary>
/// A signal that cannot get lost: set while nobody waits, it completes the next wait at once; set while some wait, it completes all of
/// them. Many sets before a wait count as one. For hubs to build <see cref="ITaskHub.WaitForWorkAsync"/> and watches on. Thread-safe.
/// </summary>
/// <remarks>Continuations run where the waiter's await runs them, never inside <see cref="Set"/>: a hub may call it under its
/// lock.</remarks>
/// <param name="mayRunWaiters">True for a signal of which <see cref="SetAndRun"/> may be asked; its waiters go on on the thread
/// pool otherwise.</param>
public sealed class WorkSignal(bool mayRunWaiters = false)
{
    private readonly Lock _gate = new();

    // Who takes a wait out of the list decides its outcome: a signal that comes together with a timeout or a cancellation is never lost.
    private readonly List<TaskCompletionSource<bool>> _waits = [];
    private bool _set;

    /// <summary>Completes all waits, or else the next one.</summary>
    public void Set()
    {
        foreach (var wait in Take())
        {
            Later(wait, static wait => wait.SetResult(true));
        }
    }

    /// <summary>The same, but what the waiters do next runs right here, before this returns, which spares a change of threads: for a caller
    /// who holds nothing that they could need, and has nothing left to do.</summary>
    public void SetAndRun()
    {
        foreach (var wait in Take())
        {
            wait.SetResult(true);
        }
    }

    private TaskCompletionSource<bool>[] Take()
    {
        lock (_gate)
        {
            _set = _waits.Count == 0;
            if (_set)
            {
                return [];
            }

            TaskCompletionSource<bool>[] waits = [.. _waits];
            _waits.Clear();
            return waits;
        }
    }

    /// <summary>Waits for the signal, at most for a time.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> for ever; zero or less does not wait.</param>
    /// <returns>False when the time was over without a signal.</returns>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var wait = new TaskCompletionSource<bool>(
            mayRunWaiters ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_set)
            {
                _set = false;
                return true;
            }

            if (timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            _waits.Add(wait);
        }

        try
        {
            using var timer = timeout == Timeout.InfiniteTimeSpan
                ? null
                : timeProvider.CreateTimer(
                    _ => GiveUp(wait, static wait => wait.SetResult(false)), null, timeout, Timeout.InfiniteTimeSpan);
            using var registration = cancellationToken.Register(() => GiveUp(wait, wait => wait.SetCanceled(cancellationToken)));
            return await wait.Task;
        }
        finally
        {
            // Still there only when no timer could be made: a later signal must not go to nobody.
            GiveUp(wait, static _ => { });
        }
    }

    private void GiveUp(TaskCompletionSource<bool> wait, Action<TaskCompletionSource<bool>> complete)
    {
        bool ours;
        lock (_gate)
        {
            ours = _waits.Remove(wait);
        }

        if (ours)
        {
            Later(wait, complete);
        }
    }

    /// <summary>Completes it so that its continuations run elsewhere.</summary>
    private void Later(TaskCompletionSource<bool> wait, Action<TaskCompletionSource<bool>> complete)
    {
        if (mayRunWaiters)
        {
            ThreadPool.UnsafeQueueUserWorkItem(complete, wait, preferLocal: false);
        }
        else
        {
            complete(wait);
        }
    }
}
