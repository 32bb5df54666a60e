using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Counts the work in flight, so that a stop can wait for it.</summary>
/// <param name="scheduler">Where work starts, and goes on after its awaits: the thread pool, but in the simulation.</param>
internal sealed class RunningWork(TaskScheduler scheduler)
{
    private readonly WorkSignal _idle = new();
    private int _running;

    /// <summary>Starts work and counts it until it ends. The work reports its own failures.</summary>
    /// <remarks>It is nobody's own: what its starter carries along (a request's scope, a trace) is not for it.</remarks>
    public void Start(Func<Task> work)
    {
        Interlocked.Increment(ref _running);
        if (ExecutionContext.IsFlowSuppressed())
        {
            Schedule(work);
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            Schedule(work);
        }
    }

    /// <summary>Waits until nothing runs any more, work included that running work started meanwhile.</summary>
    /// <returns>False when the time was over first, or the caller's patience.</returns>
    public async Task<bool> DrainAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        long began = timeProvider.GetTimestamp();
        while (Volatile.Read(ref _running) > 0)
        {
            TimeSpan left = timeout - timeProvider.GetElapsedTime(began);
            try
            {
                // Never negative: one millisecond too many would mean for ever.
                if (!await _idle.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider, cancellationToken))
                {
                    return Volatile.Read(ref _running) == 0;
                }
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return true;
    }

    private void Schedule(Func<Task> work) =>
        _ = Task.Factory.StartNew(() => RunAsync(work), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);

    private async Task RunAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        finally
        {
            if (Interlocked.Decrement(ref _running) == 0)
            {
                _idle.Set();
            }
        }
    }
}
