namespace DurableTask.Core.Hub;

/// <summary>
/// A signal that cannot get lost: set while nobody waits, it completes the next wait at once; set while some wait, it completes all of
/// them. Many sets before a wait count as one. For hubs to build <see cref="ITaskHub.WaitForWorkAsync"/> and watches on. Thread-safe.
/// </summary>
public sealed class WorkSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _signalled;
    private int _waiting;
    private bool _set;

    /// <summary>Completes all waits, or else the next one.</summary>
    public void Set()
    {
        TaskCompletionSource? signalled;
        lock (_gate)
        {
            signalled = _signalled;
            _signalled = null;
            _waiting = 0;
            _set = signalled is null;
        }

        signalled?.TrySetResult();
    }

    /// <summary>Waits for the signal, at most for a time.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> for ever; zero or less does not wait.</param>
    /// <returns>False when the time was over without a signal.</returns>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource signalled;
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_set)
            {
                _set = false;
                return true;
            }

            if (timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            {
                return false;
            }

            signalled = _signalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting++;
        }

        try
        {
            await signalled.Task.WaitAsync(timeout, timeProvider, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return !Leave(signalled);
        }
        catch (OperationCanceledException)
        {
            if (!Leave(signalled))
            {
                // The signal came together with the cancellation: it belongs to the next wait.
                Set();
            }

            throw;
        }
    }

    /// <summary>Gives up a wait. The last one to give up takes the completion with it, or a later signal would go to nobody.</summary>
    /// <returns>False when the signal was faster.</returns>
    private bool Leave(TaskCompletionSource signalled)
    {
        lock (_gate)
        {
            if (_signalled != signalled)
            {
                return false;
            }

            if (--_waiting == 0)
            {
                _signalled = null;
            }

            return true;
        }
    }
}
