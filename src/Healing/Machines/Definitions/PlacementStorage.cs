using System.Globalization;

namespace Heal.Healing;

/// <summary>The part of the placement that is about pools and volumes.</summary>
internal static class PlacementStorage
{
    // What a volume of libvirt may be for a disk of ours.
    private static readonly string[] UsableKinds = ["file", "block"];

    public static void Judge(VmBlueprint vm, HostFacts host, PlacementLimits limits, List<VmFault> found)
    {
        foreach (var name in vm.Pools)
        {
            var subject = $"host '{host.Host}' pool '{name}'";
            if (host.Pools.FirstOrDefault(pool => pool.Name == name) is not { } pool)
            {
                found.Add(new VmFault(subject, "no such pool", "a storage pool of this name",
                    "Define it (`virsh pool-define`) or name another."));
            }
            else if (!pool.IsActive)
            {
                found.Add(new VmFault(subject, "a pool that is not active", "an active pool", $"Start it (`virsh pool-start {name}`)."));
            }
            else
            {
                Space(vm, host, pool, subject, limits, found);
                Volumes(vm, host, pool, subject, found);
            }
        }
    }

    private static void Space(VmBlueprint vm, HostFacts host, PoolFacts pool, string subject, PlacementLimits limits, List<VmFault> found)
    {
        // What is there already has its space.
        long needed = 0;
        foreach (var volume in vm.NewVolumes.Where(volume => volume.Pool == pool.Name && pool.Volumes.All(old => old.Name != volume.Name)))
        {
            needed += volume.SizeBytes ?? (volume.CopyOf is { } source ? Find(host, source)?.Capacity : null) ?? 0;
        }

        if (needed == 0) return;
        var margin = (long)(pool.Capacity * limits.PoolMargin);
        var free = Math.Max(0, pool.Available - margin);
        if (needed <= free * limits.PoolOvercommit) return;
        found.Add(new VmFault(
            subject,
            $"{Mib(free)} to give ({Mib(pool.Available)} free, of which {Mib(margin)} stay free)",
            $"{Mib(needed)} for the new disks",
            "Make the disks smaller, free or extend the pool, or raise Heal:Vms:PoolOvercommit for thin disks."));
    }

    private static void Volumes(VmBlueprint vm, HostFacts host, PoolFacts pool, string subject, List<VmFault> found)
    {
        foreach (var disk in vm.Disks.Where(disk => !disk.IsMade && disk.Pool == pool.Name))
        {
            if (Existing(disk.Volume) is not { } volume) continue;
            var user = host.Machines.FirstOrDefault(machine => machine.Uuid != vm.Uuid && machine.Disks.Contains(volume.Path));
            if (user is not null && !disk.ReadOnly)
            {
                found.Add(new VmFault($"{subject} volume '{disk.Volume}'", $"a disk of '{user.Name}'", "a volume that nobody uses",
                    "Two machines on one volume destroy it. Name another."));
            }

            if (volume.Format is { } format && format is "qcow2" or "raw" && format != VmWords.Of(disk.Format))
            {
                found.Add(new VmFault($"{subject} volume '{disk.Volume}'", format, VmWords.Of(disk.Format), "Say the disk's format."));
            }
        }

        foreach (var disk in vm.Disks.Where(disk => disk.Backing?.Pool == pool.Name))
        {
            if (Existing(disk.Backing!.Volume) is { } image) Size(disk, image);
        }

        foreach (var disk in vm.Disks.Where(disk => disk.CopyOf?.Pool == pool.Name))
        {
            if (Existing(disk.CopyOf!.Volume) is not { } source) continue;
            Size(disk, source);
            if (host.Machines.FirstOrDefault(machine => machine.IsActive && machine.Disks.Contains(source.Path)) is { } writer)
            {
                found.Add(new VmFault($"{subject} volume '{source.Name}'", $"a disk of '{writer.Name}', which runs",
                    "a volume that nobody writes to", "A copy would be of no one moment. Stop the machine first, or name another."));
            }
        }

        void Size(BlueprintDisk disk, VolumeFacts image)
        {
            if (disk.SizeBytes is not { } size || size >= image.Capacity) return;
            found.Add(new VmFault($"{subject} volume '{image.Name}'", $"an image of {Mib(image.Capacity)}",
                $"at most {Mib(size)}, the size of disk {disk.Target}", "Make the disk at least as large as its image."));
        }

        VolumeFacts? Existing(string name)
        {
            if (pool.Volumes.FirstOrDefault(volume => volume.Name == name) is not { } volume)
            {
                found.Add(new VmFault($"{subject} volume '{name}'", "no such volume", "a volume of this name",
                    "See `virsh vol-list`; `virsh pool-refresh` finds files that were put there by hand."));
                return null;
            }

            if (UsableKinds.Contains(volume.Kind)) return volume;
            found.Add(new VmFault($"{subject} volume '{name}'", $"a volume of type {volume.Kind}", "file or block",
                "Network volumes are not supported."));
            return null;
        }
    }

    private static VolumeFacts? Find(HostFacts host, BlueprintBacking image) => host.Pools
        .FirstOrDefault(pool => pool.Name == image.Pool)?.Volumes.FirstOrDefault(volume => volume.Name == image.Volume);

    private static string Mib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}
