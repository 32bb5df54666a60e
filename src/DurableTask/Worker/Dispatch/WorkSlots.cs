namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Counts how much of one kind of work runs, up to a limit.</summary>
internal sealed class WorkSlots(int limit) : IDisposable
{
    private readonly SemaphoreSlim _free = new(limit, limit);
    private readonly Lock _lock = new();

    /// <summary>Waits until a slot is free, and takes as many as are, up to a number.</summary>
    public async Task<int> TakeAsync(int most, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return 1 + TakeFree(most - 1);
    }

    /// <summary>Takes as many slots as are free right now, up to a number.</summary>
    public int TakeFree(int most)
    {
        lock (_lock)
        {
            int taken = 0;
            while (taken < most && _free.Wait(TimeSpan.Zero))
            {
                taken++;
            }

            return taken;
        }
    }

    public void GiveBack(int count)
    {
        if (count > 0)
        {
            _free.Release(count);
        }
    }

    public void Dispose() => _free.Dispose();
}
