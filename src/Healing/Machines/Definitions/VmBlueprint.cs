using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>
/// A definition with nothing left open: what is made is said here to the last name. The same definition gives the same blueprint, bit by
/// bit, as long as the knowledge of operating systems (osinfo) is the same.
/// </summary>
/// <param name="Os">The osinfo id, when known.</param>
/// <param name="Machine">Null: the emulator's default.</param>
public sealed record VmBlueprint(
    string Id, Guid Uuid, string Name, IReadOnlyList<string> Hosts, int Vcpus, long MemoryKib, string? Os, VmType Type, string Architecture,
    string? Machine, VmFirmware Firmware, VmCpuMode? CpuMode, VmBoot? Boot, IReadOnlyList<BlueprintDisk> Disks,
    IReadOnlyList<BlueprintNic> Interfaces, VmWatchdog? Watchdog, bool Pvpanic, bool GuestAgent, string? ConsoleLog, VmOnCrash OnCrash,
    BlueprintSeed? Seed, IReadOnlyDictionary<string, string> Metadata, bool Autostart, VmDesired Desired, Autonomy Autonomy)
{
    private const int DigestBytes = 12;
    private static readonly JsonSerializerOptions Canonical = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>What was wanted, in short: two definitions with the same digest make the same machine. Where it may run, and what it should
    /// be doing, is no part of it: that can change with the machine.</summary>
    [JsonIgnore]
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        this with { Hosts = [], Desired = VmDesired.Running, Autonomy = Autonomy.Observe, Autostart = false }, Canonical))
        .AsSpan(0, DigestBytes));

    /// <summary>The volumes to make, the seed's included, in this order.</summary>
    [JsonIgnore]
    public IEnumerable<BlueprintVolume> NewVolumes
    {
        get
        {
            foreach (var disk in Disks.Where(disk => disk.IsMade))
            {
                yield return new BlueprintVolume(disk.Pool, disk.Volume, disk.SizeBytes, disk.Format, disk.Backing, disk.CopyOf);
            }

            if (Seed is { } seed) yield return new BlueprintVolume(seed.Pool, seed.Volume, FatImage.Bytes, VmDiskFormat.Raw, null);
        }
    }

    /// <summary>The storage pools that it names, each once.</summary>
    [JsonIgnore]
    public IEnumerable<string> Pools => Disks
        .SelectMany(disk => new[] { disk.Pool, disk.Backing?.Pool, disk.CopyOf?.Pool })
        .Append(Seed?.Pool)
        .OfType<string>()
        .Distinct(StringComparer.Ordinal);
}

/// <param name="Target">The device's name, for example vda.</param>
/// <param name="IsMade">False for a volume that exists already and is not ours.</param>
/// <param name="SizeBytes">Null: as large as the image.</param>
/// <param name="CopyOf">The last member: blueprints of machines that were made before there were copies keep their digest.</param>
public sealed record BlueprintDisk(
    string Target, VmDiskBus Bus, VmDiskFormat Format, string Pool, string Volume, bool IsMade, long? SizeBytes, BlueprintBacking? Backing,
    bool ReadOnly, BlueprintBacking? CopyOf = null);

public sealed record BlueprintBacking(string Pool, string Volume);

/// <summary>One of network, bridge and, with neither, user-mode.</summary>
public sealed record BlueprintNic(string? Network, string? Bridge, VmNicModel Model, string Mac);

public sealed record BlueprintSeed(
    string Pool, string Volume, string Target, VmDiskBus Bus, string HostName, string? UserData, string? NetworkConfig);

/// <param name="SizeBytes">Null: as large as the image.</param>
public sealed record BlueprintVolume(
    string Pool, string Name, long? SizeBytes, VmDiskFormat Format, BlueprintBacking? Backing, BlueprintBacking? CopyOf = null);
