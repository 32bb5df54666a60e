using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes a volume that is a full copy of another. A volume is there as soon as its copying begins, and stays, in part, when the daemon is
/// killed: so a small volume, the mark, is made before and deleted after. Where the mark is, the copy is not known to be whole, and is made
/// again; where it is not, the copy is whole, or was kept from an earlier life of the machine, and is left alone.
/// </summary>
internal static class VolumeCopy
{
    // what every kind of pool can make
    private const long MarkBytes = 4096;

    /// <exception cref="LibvirtBusyException">An earlier attempt still writes it: its end is to be waited for.</exception>
    public static async Task<string> MakeAsync(ILibvirtHost host, BlueprintVolume volume, BlueprintBacking source)
    {
        var storage = host.Storage;
        var mark = volume with { Name = VmIdentity.CopyMark(volume.Name), Format = VmDiskFormat.Raw };
        var isMarked = await storage.FindVolumeAsync(mark.Pool, mark.Name) is not null;
        if (await storage.FindVolumeAsync(volume.Pool, volume.Name) is { } there)
        {
            if (!isMarked) return $"{there.Path} is there";
            await RemoveVmVolumesActivity.DeleteAsync(storage, volume.Pool, volume.Name);
        }

        var image = await storage.FindVolumeAsync(source.Pool, source.Volume) ?? throw new LibvirtNotFoundException(
            host.Name, 0, 0, $"volume '{source.Volume}' of pool '{source.Pool}' is not there any more");
        var capacity = Math.Max(volume.SizeBytes ?? 0, image.Capacity);
        if (!isMarked) await storage.CreateVolumeAsync(mark.Pool, VolumeXml.Of(mark, MarkBytes).ToString());
        var made = await CopyAsync(host, volume, image, capacity);

        // of formats other than raw the copy is as large as its source
        if (made.Capacity < capacity) await storage.ResizeVolumeAsync(volume.Pool, volume.Name, capacity);
        await RemoveVmVolumesActivity.DeleteAsync(storage, mark.Pool, mark.Name);
        return $"{made.Path} copied from {image.Path}";
    }

    private static async Task<VolumeRecord> CopyAsync(ILibvirtHost host, BlueprintVolume volume, VolumeRecord image, long capacity)
    {
        try
        {
            return await host.Storage.CopyVolumeAsync(
                volume.Pool, VolumeXml.Of(volume, capacity).ToString(), image.Pool, image.Name, VmLimits.CopyDeadline(image.Capacity));
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            // what fails is taken back: a volume that is there now is that of an earlier attempt, which got through late
            if (await host.Storage.FindVolumeAsync(volume.Pool, volume.Name) is null) throw;
            throw new LibvirtBusyException(
                host.Name, e.Code, e.Domain, $"an earlier attempt to copy '{volume.Name}' is under way: {e.Reason}");
        }
    }
}
