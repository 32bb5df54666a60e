namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>How long new work waits for a thread, and which share (0 to 1) of the memory that the process may have is taken.</summary>
internal readonly record struct LoadSample(TimeSpan ThreadPoolDelay, double MemoryShare);

internal interface ILoadProbe
{
    Task<LoadSample> MeasureAsync();
}

/// <summary>Measures this process. Its memory is what .NET may take: less than the container's limit, or all of the machine's.</summary>
internal sealed class ProcessLoadProbe(TimeProvider time) : ILoadProbe
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(200);

    public async Task<LoadSample> MeasureAsync()
    {
        TimeSpan delay = await ThreadPoolDelayAsync();
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new(delay, available > 0 ? (double)Environment.WorkingSet / available : 0);
    }

    /// <summary>
    /// By Little's law: what waits, by how much of it gets done. A piece of work of our own would tell nothing: each thread that is added
    /// to a pool whose threads are all blocked, one or two a second, takes timers and the common queue first, while most requests wait
    /// in the queues of the threads that are blocked.
    /// </summary>
    private async Task<TimeSpan> ThreadPoolDelayAsync()
    {
        if (ThreadPool.PendingWorkItemCount == 0)
        {
            return TimeSpan.Zero;
        }

        // What came this moment is done by then, unless there are no threads.
        long from = time.GetTimestamp();
        long done = ThreadPool.CompletedWorkItemCount;
        await Task.Delay(Window, time);
        return time.GetElapsedTime(from) * ThreadPool.PendingWorkItemCount / Math.Max(1, ThreadPool.CompletedWorkItemCount - done);
    }
}
