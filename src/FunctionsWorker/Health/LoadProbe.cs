namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>How long new work waited for a thread, and which share (0 to 1) of the memory that the process may have is taken.</summary>
internal readonly record struct LoadSample(TimeSpan ThreadPoolDelay, double MemoryShare);

internal interface ILoadProbe
{
    Task<LoadSample> MeasureAsync();
}

/// <summary>Measures this process. Its memory limit is that of its container, else the memory of the machine.</summary>
internal sealed class ProcessLoadProbe(TimeProvider time) : ILoadProbe
{
    public async Task<LoadSample> MeasureAsync()
    {
        long asked = time.GetTimestamp();
        await Task.Run(static () => { });
        TimeSpan delay = time.GetElapsedTime(asked);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new(delay, available > 0 ? (double)Environment.WorkingSet / available : 0);
    }
}
