using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>
/// A virtual machine as somebody wants it. What is null was left open and is filled in by <see cref="VmNormaliser"/>. Read with
/// <see cref="VmDefinitionReader"/>, which reports every fault.
/// </summary>
/// <param name="Id">The identity of the machine, 1 to 50 characters of a-z, 0-9 and hyphens. UUID, MAC addresses and names of volumes
/// follow from it: the same id is the same machine.</param>
/// <param name="Name">libvirt's name. Default: the id.</param>
/// <param name="Hosts">Configured hosts that may carry it, in order of preference. Empty: any.</param>
/// <param name="MemoryBytes">A whole number of KiB.</param>
public sealed record VmDefinition(
    string Id, string? Name, IReadOnlyList<string> Hosts, int Vcpus, long MemoryBytes, VmPlatform Platform,
    IReadOnlyList<VmDisk> Disks, IReadOnlyList<VmNic> Interfaces, VmDevices Devices, VmSeed? CloudInit,
    IReadOnlyDictionary<string, string> Metadata, bool Autostart, VmDesired Desired, Autonomy Autonomy);

/// <param name="Os">An osinfo id (<c>http://debian.org/debian/12</c>) or short id (<c>debian12</c>); null when not told.</param>
/// <param name="Type">Default <see cref="VmType.Kvm"/>.</param>
/// <param name="Architecture">Default x86_64.</param>
/// <param name="Machine">libvirt's machine type. Default q35 on x86_64, virt on aarch64.</param>
/// <param name="CpuMode">Default: host-model with KVM, the emulator's own choice without.</param>
/// <param name="Boot">A kernel to boot directly; null boots from the first disk.</param>
public sealed record VmPlatform(
    string? Os, VmType Type, string? Architecture, string? Machine, VmFirmware Firmware, VmCpuMode? CpuMode, VmBoot? Boot);

/// <summary>Paths on the host.</summary>
public sealed record VmBoot(string Kernel, string? Initrd, string? CommandLine);

/// <summary>A disk: one that is made (<paramref name="SizeBytes"/>, <paramref name="Backing"/>, <paramref name="CopyOf"/>) or one that
/// exists (<paramref name="Volume"/>).</summary>
/// <param name="SizeBytes">Of the volume to make. With an image: may be left open, then it is the image's.</param>
/// <param name="Volume">A volume that exists already. It is used, never made, and not deleted with the machine.</param>
/// <param name="Format">Default qcow2.</param>
/// <param name="Bus">Default: the best that the operating system knows, else virtio.</param>
/// <param name="Backing">The image that a new qcow2 volume is an overlay of.</param>
/// <param name="CopyOf">The volume that a new one is a full copy of: the two have nothing in common afterwards.</param>
public sealed record VmDisk(
    string Pool, long? SizeBytes, string? Volume, VmDiskFormat? Format, VmDiskBus? Bus, VmBacking? Backing, bool ReadOnly,
    VmBacking? CopyOf = null);

/// <param name="Pool">Default: the disk's.</param>
public sealed record VmBacking(string? Pool, string Volume);

/// <summary>One of network, bridge and user-mode.</summary>
/// <param name="User">User-mode networking: outgoing only, no counters.</param>
/// <param name="Model">Default: the best that the operating system knows, else virtio.</param>
/// <param name="Mac">Default: derived from the definition's id and the interface's place.</param>
public sealed record VmNic(string? Network, string? Bridge, bool User, VmNicModel? Model, string? Mac);

/// <param name="Watchdog">What the watchdog does when the guest stops feeding it; null: no watchdog.</param>
/// <param name="Pvpanic">A device by which a guest tells that its kernel panicked. Default true on x86_64.</param>
/// <param name="GuestAgent">A channel for QEMU's guest agent, which a creation then waits for.</param>
/// <param name="ConsoleLog">A file on the host that the serial console is copied to.</param>
/// <param name="OnCrash">Default destroy: the domain is off with reason crashed, and what follows is the healer's to decide.</param>
public sealed record VmDevices(VmWatchdog? Watchdog, bool? Pvpanic, bool GuestAgent, string? ConsoleLog, VmOnCrash OnCrash);

/// <summary>A NoCloud seed: a small disk labelled "cidata" that cloud-init reads at the first boot.</summary>
/// <param name="Pool">Default: the first disk's.</param>
/// <param name="HostName">Default: the machine's name.</param>
public sealed record VmSeed(string? Pool, string? HostName, string? UserData, string? NetworkConfig);

/// <summary>What a machine should be, whoever is asked.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VmDesired>))]
public enum VmDesired
{
    Running,
    Stopped,
}

/// <summary>libvirt's type of domain.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VmType>))]
public enum VmType
{
    Kvm,

    /// <summary>Emulation without hardware support (TCG): slow.</summary>
    Qemu,

    /// <summary>libvirt's own test driver: no guest behind it.</summary>
    Test,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmFirmware>))]
public enum VmFirmware
{
    Bios,
    Uefi,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmCpuMode>))]
public enum VmCpuMode
{
    HostModel,
    HostPassthrough,
    Maximum,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmDiskFormat>))]
public enum VmDiskFormat
{
    Qcow2,
    Raw,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmDiskBus>))]
public enum VmDiskBus
{
    Virtio,
    Scsi,
    Sata,
    Ide,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmNicModel>))]
public enum VmNicModel
{
    Virtio,
    E1000e,
    E1000,
    Rtl8139,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmWatchdog>))]
public enum VmWatchdog
{
    None,
    Reset,
    Shutdown,
    Poweroff,
    Pause,
}

[JsonConverter(typeof(JsonStringEnumConverter<VmOnCrash>))]
public enum VmOnCrash
{
    Destroy,
    Restart,
    Preserve,
}
