namespace Heal.Healing;

/// <param name="Warnings">What was assumed, for people to read.</param>
public sealed record VmNormalisation(VmBlueprint Blueprint, IReadOnlyList<string> Warnings);

/// <summary>Fills in what a definition leaves open.</summary>
public static class VmNormaliser
{
    /// <param name="definition">Without faults.</param>
    public static VmNormalisation Normalise(VmDefinition definition, OsCatalogue catalogue)
    {
        var warnings = new List<string>();
        var os = FindOs(definition, catalogue, warnings);
        var bus = os is null || os.HasVirtioDisk ? VmDiskBus.Virtio : VmDiskBus.Sata;
        var hasIde = MachineOf(definition.Platform)?.StartsWith("pc", StringComparison.Ordinal) == true;
        if (bus == VmDiskBus.Sata && hasIde) bus = VmDiskBus.Ide;
        var model = os is null || os.HasVirtioNic ? VmNicModel.Virtio : os.HasE1000e ? VmNicModel.E1000e : VmNicModel.E1000;
        var disks = Disks(definition, bus);
        return new VmNormalisation(
            new VmBlueprint(
                definition.Id,
                VmIdentity.Uuid(definition.Id),
                definition.Name ?? definition.Id,
                definition.Hosts,
                definition.Vcpus,
                definition.MemoryBytes >> 10,
                os?.Id,
                definition.Platform.Type,
                ArchitectureOf(definition.Platform),
                MachineOf(definition.Platform),
                definition.Platform.Firmware,
                definition.Platform.CpuMode ?? (definition.Platform.Type == VmType.Kvm ? VmCpuMode.HostModel : null),
                definition.Platform.Boot,
                disks,
                [.. definition.Interfaces.Select((nic, i) => new BlueprintNic(
                    nic.Network, nic.Bridge, nic.Model ?? model, nic.Mac?.ToLowerInvariant() ?? VmIdentity.Mac(definition.Id, i)))],
                definition.Devices.Watchdog,
                definition.Devices.Pvpanic ?? (definition.Platform.Type != VmType.Test && ArchitectureOf(definition.Platform) == "x86_64"),
                definition.Devices.GuestAgent,
                definition.Devices.ConsoleLog,
                definition.Devices.OnCrash,
                Seed(definition, bus, disks),
                definition.Metadata,
                definition.Autostart,
                definition.Desired,
                definition.Autonomy),
            warnings);
    }

    // libvirt's test driver knows nothing but i686.
    internal static string ArchitectureOf(VmPlatform platform) =>
        platform.Architecture ?? (platform.Type == VmType.Test ? "i686" : "x86_64");

    internal static string? MachineOf(VmPlatform platform) => platform.Machine ?? (platform.Type, ArchitectureOf(platform)) switch
    {
        (VmType.Test, _) => null,
        (_, "x86_64") => "q35",
        (_, "aarch64") => "virt",
        _ => null,
    };

    private static OsEntry? FindOs(VmDefinition definition, OsCatalogue catalogue, List<string> warnings)
    {
        if (definition.Platform.Os is not { } wanted) return null;
        if (catalogue.IsEmpty)
        {
            warnings.Add($"operating system '{wanted}' was not looked up: there is no osinfo database here (Debian package osinfo-db); "
                + "virtio devices are assumed");
            return null;
        }

        if (catalogue.Find(wanted) is not { } os)
        {
            var nearest = VmJsonObject.Nearest(wanted, catalogue.ShortIds);
            warnings.Add($"operating system '{wanted}' is not in the osinfo database; virtio devices are assumed"
                + (nearest is null ? "" : $"; did you mean '{nearest}'?"));
            return null;
        }

        if (os.MinimumMemoryBytes > definition.MemoryBytes)
        {
            warnings.Add($"{os.Name} wants at least {VmJsonObject.SizeText(os.MinimumMemoryBytes.Value)} of memory, this machine gets "
                + VmJsonObject.SizeText(definition.MemoryBytes));
        }

        var disk = definition.Disks.FirstOrDefault(disk => disk.Volume is null && disk.SizeBytes is not null);
        if (os.MinimumStorageBytes > disk?.SizeBytes)
        {
            warnings.Add($"{os.Name} wants a disk of at least {VmJsonObject.SizeText(os.MinimumStorageBytes.Value)}, this machine gets "
                + VmJsonObject.SizeText(disk.SizeBytes.Value));
        }

        return os;
    }

    private static List<BlueprintDisk> Disks(VmDefinition definition, VmDiskBus standard)
    {
        var disks = new List<BlueprintDisk>();
        foreach (var disk in definition.Disks)
        {
            var bus = disk.Bus ?? (disk.ReadOnly ? VmDiskBus.Virtio : standard);
            var target = Target(bus, disks.Count(other => Prefix(other.Bus) == Prefix(bus)));
            var format = disk.Format ?? VmDiskFormat.Qcow2;
            disks.Add(new BlueprintDisk(
                target, bus, format, disk.Pool, disk.Volume ?? VmIdentity.VolumeName(definition.Id, target, VmWords.Of(format)),
                disk.Volume is null, disk.SizeBytes,
                Image(disk, disk.Backing), disk.ReadOnly, Image(disk, disk.CopyOf)));
        }

        return disks;
    }

    private static BlueprintBacking? Image(VmDisk disk, VmBacking? image) =>
        image is null ? null : new BlueprintBacking(image.Pool ?? disk.Pool, image.Volume);

    private static BlueprintSeed? Seed(VmDefinition definition, VmDiskBus bus, List<BlueprintDisk> disks) =>
        definition.CloudInit is not { } seed
            ? null
            : new BlueprintSeed(
                seed.Pool ?? definition.Disks[0].Pool,
                VmIdentity.VolumeName(definition.Id, "seed", "img"),
                Target(bus, disks.Count(other => Prefix(other.Bus) == Prefix(bus))),
                bus,
                seed.HostName ?? definition.Name ?? definition.Id,
                seed.UserData,
                seed.NetworkConfig);

    // 16 disks and a seed never reach vdz.
    private static string Target(VmDiskBus bus, int index) => $"{Prefix(bus)}{(char)('a' + index)}";

    private static string Prefix(VmDiskBus bus) => bus switch
    {
        VmDiskBus.Virtio => "vd",
        VmDiskBus.Ide => "hd",
        _ => "sd",
    };
}
