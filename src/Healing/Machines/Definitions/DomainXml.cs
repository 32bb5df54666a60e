using System.Globalization;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>Where a volume is, as libvirt's pool says it.</summary>
/// <param name="IsBlock">A block device, not a file.</param>
public sealed record VolumeLocation(string Pool, string Volume, string Path, bool IsBlock);

/// <summary>
/// A blueprint as libvirt's document. Built as a tree: a value can never become markup. Always with uuid, because a redefinition without
/// one fails.
/// </summary>
public static class DomainXml
{
    private static readonly XNamespace Libosinfo = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

    /// <param name="locations">Of every volume in the blueprint's disks and of the seed.</param>
    /// <exception cref="ArgumentException">A volume's location is missing.</exception>
    public static XDocument Of(VmBlueprint vm, IReadOnlyList<VolumeLocation> locations) => new(new XElement(
        "domain",
        new XAttribute("type", VmWords.Of(vm.Type)),
        new XElement("name", vm.Name),
        new XElement("uuid", vm.Uuid.ToString("D")),
        new XElement("metadata", VmMark.Of(vm).AtRest().ToXml(), Osinfo(vm)),
        new XElement("memory", new XAttribute("unit", "KiB"), vm.MemoryKib),
        new XElement("currentMemory", new XAttribute("unit", "KiB"), vm.MemoryKib),
        new XElement("vcpu", new XAttribute("placement", "static"), vm.Vcpus),
        Os(vm),
        vm.Type == VmType.Test ? null : new XElement("features", new XElement("acpi"), IsX86(vm) ? new XElement("apic") : null),
        Cpu(vm),
        new XElement("clock", new XAttribute("offset", "utc")),
        new XElement("on_poweroff", "destroy"),
        new XElement("on_reboot", "restart"),
        new XElement("on_crash", VmWords.Of(vm.OnCrash)),
        Devices(vm, locations)));

    private static XElement? Osinfo(VmBlueprint vm) => vm.Os is null
        ? null
        : new XElement(
            Libosinfo + "libosinfo", new XAttribute(XNamespace.Xmlns + "libosinfo", Libosinfo),
            new XElement(Libosinfo + "os", new XAttribute("id", vm.Os)));

    private static XElement Os(VmBlueprint vm) => new(
        "os",
        vm.Firmware == VmFirmware.Uefi ? new XAttribute("firmware", "efi") : null,
        new XElement(
            "type", new XAttribute("arch", vm.Architecture), vm.Machine is null ? null : new XAttribute("machine", vm.Machine), "hvm"),
        vm.Boot is null
            ? new XElement("boot", new XAttribute("dev", "hd"))
            : new object?[]
            {
                new XElement("kernel", vm.Boot.Kernel),
                vm.Boot.Initrd is null ? null : new XElement("initrd", vm.Boot.Initrd),
                vm.Boot.CommandLine is null ? null : new XElement("cmdline", vm.Boot.CommandLine),
            });

    private static XElement? Cpu(VmBlueprint vm) =>
        vm.CpuMode is { } mode ? new XElement("cpu", new XAttribute("mode", VmWords.Of(mode))) : null;

    private static XElement Devices(VmBlueprint vm, IReadOnlyList<VolumeLocation> locations)
    {
        var devices = new XElement("devices");
        foreach (var disk in vm.Disks)
        {
            devices.Add(Disk(vm, Find(locations, disk.Pool, disk.Volume), disk.Format, disk.Target, disk.Bus, disk.ReadOnly));
        }

        if (vm.Seed is { } seed)
        {
            // IDE and SATA disks cannot be read-only; the guest has no reason to write to it there either.
            var isReadOnly = seed.Bus is VmDiskBus.Virtio or VmDiskBus.Scsi;
            devices.Add(Disk(vm, Find(locations, seed.Pool, seed.Volume), VmDiskFormat.Raw, seed.Target, seed.Bus, isReadOnly));
        }

        if (vm.Disks.Any(disk => disk.Bus == VmDiskBus.Scsi) || vm.Seed?.Bus == VmDiskBus.Scsi)
        {
            devices.Add(new XElement("controller", new XAttribute("type", "scsi"), new XAttribute("model", "virtio-scsi")));
        }

        foreach (var nic in vm.Interfaces) devices.Add(Interface(nic));
        if (vm.Type == VmType.Test) return devices;

        devices.Add(
            new XElement(
                "serial", new XAttribute("type", "pty"),
                vm.ConsoleLog is null ? null : new XElement("log", new XAttribute("file", vm.ConsoleLog), new XAttribute("append", "on")),
                new XElement("target", new XAttribute("port", 0))),
            new XElement(
                "console", new XAttribute("type", "pty"),
                new XElement("target", new XAttribute("type", "serial"), new XAttribute("port", 0))));
        if (vm.GuestAgent)
        {
            devices.Add(new XElement(
                "channel", new XAttribute("type", "unix"),
                new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0"))));
        }

        if (vm.Watchdog is { } watchdog)
        {
            devices.Add(new XElement("watchdog", new XAttribute("model", "i6300esb"), new XAttribute("action", VmWords.Of(watchdog))));
        }

        devices.Add(
            // without a period the balloon reports nothing, and memory pressure in the guest stays unseen
            new XElement("memballoon", new XAttribute("model", "virtio"), new XElement("stats", new XAttribute("period", 10))),
            new XElement(
                "rng", new XAttribute("model", "virtio"), new XElement("backend", new XAttribute("model", "random"), "/dev/urandom")));
        if (vm.Pvpanic) devices.Add(new XElement("panic", new XAttribute("model", "isa")));
        return devices;
    }

    private static XElement Disk(
        VmBlueprint vm, VolumeLocation location, VmDiskFormat format, string target, VmDiskBus bus, bool readOnly) => new(
        "disk",
        new XAttribute("type", location.IsBlock ? "block" : "file"),
        new XAttribute("device", "disk"),
        vm.Type == VmType.Test
            ? null
            : new XElement(
                // a guest whose disk fails is paused with its work in memory, not fed with errors
                "driver", new XAttribute("name", "qemu"), new XAttribute("type", VmWords.Of(format)),
                new XAttribute("error_policy", "stop")),
        new XElement("source", new XAttribute(location.IsBlock ? "dev" : "file", location.Path)),
        new XElement("target", new XAttribute("dev", target), new XAttribute("bus", VmWords.Of(bus))),
        readOnly ? new XElement("readonly") : null);

    private static XElement Interface(BlueprintNic nic) => new(
        "interface",
        new XAttribute("type", nic.Network is not null ? "network" : nic.Bridge is not null ? "bridge" : "user"),
        new XElement("mac", new XAttribute("address", nic.Mac)),
        nic.Network is not null ? new XElement("source", new XAttribute("network", nic.Network))
            : nic.Bridge is not null ? new XElement("source", new XAttribute("bridge", nic.Bridge)) : null,
        new XElement("model", new XAttribute("type", VmWords.Of(nic.Model))));

    private static bool IsX86(VmBlueprint vm) => vm.Architecture is "x86_64" or "i686";

    private static VolumeLocation Find(IReadOnlyList<VolumeLocation> locations, string pool, string volume) =>
        locations.FirstOrDefault(item => item.Pool == pool && item.Volume == volume)
        ?? throw new ArgumentException(
            string.Create(CultureInfo.InvariantCulture, $"volume '{volume}' of pool '{pool}' has no location"), nameof(locations));
}
