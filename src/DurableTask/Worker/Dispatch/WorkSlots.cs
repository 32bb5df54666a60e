using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Counts how much of one kind of work runs, up to a limit.</summary>
internal sealed class WorkSlots(int limit)
{
    private readonly WorkSignal _givenBack = new();
    private int _free = limit;

    /// <summary>How many one look into the hub takes at most: the rest stays for work that comes straight from memory.</summary>
    public int Share { get; } = Math.Max(1, limit / 4);

    /// <summary>Waits until a slot is free, and takes as many as are, up to a number.</summary>
    public async Task<int> TakeAsync(int most, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int taken = TakeFree(most);
            if (taken > 0)
            {
                return taken;
            }

            await _givenBack.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Takes as many slots as are free right now, up to a number.</summary>
    public int TakeFree(int most)
    {
        while (true)
        {
            int free = Volatile.Read(ref _free);
            int taken = Math.Min(most, free);
            if (taken <= 0)
            {
                return 0;
            }

            if (Interlocked.CompareExchange(ref _free, free - taken, free) == free)
            {
                return taken;
            }
        }
    }

    /// <summary>Takes a slot even if none is free, for what has to be kept although its slot was given back: nothing new is taken then
    /// until as many are free again.</summary>
    public void Occupy() => Interlocked.Decrement(ref _free);

    public void GiveBack(int count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _free, count);
            _givenBack.Set();
        }
    }
}
