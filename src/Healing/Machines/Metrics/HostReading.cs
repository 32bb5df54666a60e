namespace Heal.Healing;

/// <summary>What one host told at one moment: inventory and counters, as libvirt gives them.</summary>
/// <param name="Fault">Why nothing was told; null when the host answered.</param>
/// <param name="CountersTimedOut">The inventory came, the counters did not: a guest's emulator hangs.</param>
public sealed record HostReading(
    string Host, DateTimeOffset At, string? Fault, HostSize? Size, IReadOnlyList<DomainReading> Domains, IReadOnlyList<PoolReading> Pools,
    bool CountersTimedOut)
{
    public static HostReading Lost(string host, DateTimeOffset at, string fault) => new(host, at, fault, null, [], [], false);
}

/// <param name="MemoryBytes">The smallest of what the sources say.</param>
public sealed record HostSize(int Cpus, long MemoryBytes, long? FreeMemoryBytes)
{
    public int? NumaNodes { get; init; }

    /// <summary>Bytes, by the number of the node; empty when it was not told.</summary>
    public IReadOnlyList<long> FreeMemoryByNumaNode { get; init; } = [];

    /// <summary>Since the host was booted; null when it was not told.</summary>
    public TimeSpan? Uptime { get; init; }
}

/// <param name="State">libvirt's number (<c>virDomainState</c>).</param>
/// <param name="Reason">For example io-error.</param>
/// <param name="TimedOut">Its emulator told no counters though it did before.</param>
/// <param name="Counters">libvirt's typed parameters that are numbers, by name, for example <c>block.0.rd.bytes</c>.</param>
/// <param name="Texts">Those that are text, for example <c>block.0.name</c>.</param>
public sealed record DomainReading(
    Guid Uuid, string Name, int State, string Reason, VmMark? Mark, bool TimedOut, long MaxMemoryKib, long MemoryKib, int Vcpus,
    IReadOnlyDictionary<string, long> Counters, IReadOnlyDictionary<string, string> Texts, JobReading? Job);

/// <summary>Bytes.</summary>
public sealed record JobReading(string Operation, TimeSpan Elapsed, long? Total, long? Processed, long? Remaining);

/// <summary>Bytes.</summary>
public sealed record PoolReading(string Name, bool IsActive, long Capacity, long Allocation, long Available);
