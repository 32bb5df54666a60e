namespace Heal.Healing;

/// <summary>What is known of one host when a machine is to be placed on it.</summary>
/// <param name="Unreachable">Why nothing is known; null when the host answered.</param>
/// <param name="MemorySources">Bytes of memory that the host has, by who says so. The smallest counts.</param>
/// <param name="Pools">Those that the blueprint names, as far as they exist.</param>
/// <param name="Capabilities">Null when the driver has none to tell.</param>
public sealed record HostFacts(
    string Host, string? Unreachable, IReadOnlyDictionary<string, long> MemorySources, int Cpus, IReadOnlyList<MachineFacts> Machines,
    IReadOnlyList<PoolFacts> Pools, IReadOnlyList<NetworkFacts> Networks, HostCapabilities? Capabilities)
{
    /// <summary>Somebody works on it: it gets no machine. Null: nobody.</summary>
    public MaintenanceEvidence? Maintenance { get; init; }

    public static HostFacts Lost(string host, string reason) =>
        new(host, reason, new Dictionary<string, long>(), 0, [], [], [], null);
}

/// <param name="Mark">Ours, when it has one.</param>
/// <param name="IsPromised">It runs, or is to run: its memory and CPUs are spoken for.</param>
/// <param name="Disks">Paths.</param>
public sealed record MachineFacts(
    Guid Uuid, string Name, VmMark? Mark, bool IsActive, bool IsPromised, long MaxMemoryKib, int Vcpus, IReadOnlyList<string> Macs,
    IReadOnlyList<string> Disks);

/// <summary>Bytes.</summary>
public sealed record PoolFacts(string Name, bool IsActive, string Type, long Capacity, long Available, IReadOnlyList<VolumeFacts> Volumes);

/// <summary>Bytes.</summary>
/// <param name="Kind">libvirt's type of volume: file, block, network ...</param>
public sealed record VolumeFacts(string Name, string Path, string Kind, string? Format, long Capacity);

public sealed record NetworkFacts(string Name, bool IsActive);

/// <summary>How much of a host may be given away. See the settings <c>Heal:Vms</c>.</summary>
/// <param name="MemoryReserveBytes">Kept for the host itself.</param>
/// <param name="CpuOvercommit">Virtual CPUs per CPU of the host.</param>
/// <param name="PoolMargin">The share of a pool's capacity that stays free, 0 to 0.9.</param>
/// <param name="PoolOvercommit">How often the free space may be promised to thin disks; 1 = only what is there.</param>
public sealed record PlacementLimits(long MemoryReserveBytes, double CpuOvercommit, double PoolMargin, double PoolOvercommit)
{
    public static PlacementLimits Default { get; } = new(MemoryReserveBytes: 1L << 30, CpuOvercommit: 4, PoolMargin: 0.1,
        PoolOvercommit: 1);
}
