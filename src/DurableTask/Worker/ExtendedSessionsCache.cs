using Microsoft.Extensions.Caching.Memory;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// A place for orchestrations that stay in memory between their turns, made when it is first asked for. For hosts that run orchestrations
/// through the shims; this project's own worker keeps its sessions itself (<see cref="TaskHubWorkerOptions.ExtendedSessions"/>).
/// </summary>
public class ExtendedSessionsCache : IDisposable
{
    private readonly Lock _lock = new();
    private MemoryCache? _cache;

    /// <summary>True once the cache was asked for.</summary>
    public bool IsInitialized => _cache is not null;

    /// <summary>The cache.</summary>
    /// <param name="expirationScanFrequencyInSeconds">How often to look for expired entries, in seconds; the first call decides.</param>
    public MemoryCache GetOrInitializeCache(double expirationScanFrequencyInSeconds)
    {
        lock (_lock)
        {
            return _cache ??= new MemoryCache(new MemoryCacheOptions
            {
                ExpirationScanFrequency = TimeSpan.FromSeconds(expirationScanFrequencyInSeconds),
            });
        }
    }

    /// <summary>Forgets what is cached.</summary>
    public void Dispose()
    {
        _cache?.Dispose();
        GC.SuppressFinalize(this);
    }
}
