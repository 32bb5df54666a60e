namespace Heal.Drivers.Libvirt;

/// <param name="MemoryBytes">As libvirt counts it; on machines with hidden memory less than what the kernel has.</param>
/// <param name="FreeMemoryBytes">Null when the driver cannot tell.</param>
/// <param name="KernelMemoryBytes">From the host's own accounts (<c>virNodeGetMemoryStats</c>): a second source; null when not
/// told.</param>
/// <param name="LibvirtVersion">For example 9.0.0.</param>
public sealed record HostInfo(
    string Hostname, Guid? HostUuid, string CpuModel, int Cpus, int Mhz, int NumaNodes, int Sockets, int CoresPerSocket, int ThreadsPerCore,
    long MemoryBytes, long? FreeMemoryBytes, long? KernelMemoryBytes, Version LibvirtVersion, Version? HypervisorVersion,
    string HypervisorType)
{
    /// <summary>Since the host was booted, as its CPUs count; null when the driver does not tell.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>Bytes, by the number of the NUMA node; empty when the driver does not tell.</summary>
    public IReadOnlyList<long> FreeMemoryByNumaNode { get; init; } = [];
}

/// <summary>One domain at one moment.</summary>
/// <param name="Id">Of the running instance; null when it does not run. A new one with every start.</param>
/// <param name="Reason">libvirt's reason for the state, as the name of its constant without prefix in lower case with dashes, for
/// example <c>crashed</c>, <c>io-error</c>, <c>from-snapshot</c>.</param>
public sealed record DomainRecord(
    Guid Uuid, string Name, int? Id, DomainState State, string Reason, bool Persistent, bool Autostart, bool HasManagedSave,
    long MaxMemoryKib, long MemoryKib, int Vcpus);

/// <summary>libvirt's <c>virDomainState</c>.</summary>
public enum DomainState
{
    NoState = 0,
    Running = 1,
    Blocked = 2,
    Paused = 3,
    ShuttingDown = 4,
    ShutOff = 5,
    Crashed = 6,
    Suspended = 7,
}

/// <summary>Typed parameters of one domain, by libvirt's names, for example <c>balloon.current</c> (KiB), <c>vcpu.0.time</c> (ns),
/// <c>block.0.rd.bytes</c>.</summary>
public sealed record DomainStats(Guid Uuid, string Name, IReadOnlyDictionary<string, object> Values)
{
    /// <summary>Null when the guest does not tell it. What is over the range ("unlimited" is) becomes its end.</summary>
    public long? Whole(string name) => Values.GetValueOrDefault(name) switch
    {
        long whole => whole,
        int whole => whole,
        uint whole => whole,
        ulong whole => whole > long.MaxValue ? long.MaxValue : (long)whole,
        double number when !double.IsNaN(number) => (long)Math.Clamp(number, long.MinValue, long.MaxValue),
        _ => null,
    };

    public string? Text(string name) => Values.GetValueOrDefault(name) as string;
}

/// <param name="Disk">Target device, for example vda.</param>
/// <param name="Error"><c>no-space</c> or <c>unspecified</c>.</param>
public sealed record DiskError(string Disk, string Error);

/// <summary>Bytes.</summary>
public sealed record BlockInfo(long Capacity, long Allocation, long Physical);

public sealed record SnapshotRecord(string Name, string? Parent, DateTimeOffset CreatedAt, string State, bool IsCurrent, bool IsExternal);

/// <summary>What a domain is busy with. Bytes and milliseconds; null when the job does not tell.</summary>
/// <param name="Operation">For example <c>migration-out</c>, <c>snapshot</c>.</param>
public sealed record DomainJob(
    string Operation, TimeSpan Elapsed, TimeSpan? Remaining, long? DataTotal, long? DataProcessed, long? DataRemaining);

/// <summary>Bytes.</summary>
public sealed record PoolRecord(
    Guid Uuid, string Name, bool IsActive, bool IsPersistent, bool Autostart, string State, string Type, string? Path,
    long Capacity, long Allocation, long Available);

/// <summary>Bytes.</summary>
public sealed record VolumeRecord(
    string Pool, string Name, string Key, string Path, string Type, string? Format, long Capacity, long Allocation,
    string? BackingPath);

public sealed record NetworkRecord(Guid Uuid, string Name, bool IsActive, bool IsPersistent, bool Autostart, string? Bridge);
