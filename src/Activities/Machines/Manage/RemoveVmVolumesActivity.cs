using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Deletes the volumes that carry a definition's mark in their name, overlays of external snapshots included, and no
/// others.</summary>
[DurableTask(VmActivityNames.RemoveVmVolumes)]
internal sealed class RemoveVmVolumesActivity(ManagedHosts hosts) : TaskActivity<VmVolumesRequest, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmVolumesRequest? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var removed = 0;
        foreach (var pool in (await host.Storage.ListPoolsAsync()).Where(pool => pool.IsActive))
        {
            var volumes = await OursAsync(host, pool.Name, input);
            if (volumes.Count == 0) continue;

            // snapshots make files that the pool does not know until it looks again
            await TryRefreshAsync(host, pool.Name);
            // the marks of copies last: without its mark, half a copy that is still busy would be taken for a whole one
            foreach (var volume in (await OursAsync(host, pool.Name, input)).OrderBy(volume => VmIdentity.IsCopyMark(volume.Name)))
            {
                await DeleteAsync(host.Storage, volume.Pool, volume.Name);
                removed++;
            }
        }

        return $"{removed} volumes removed";
    });

    private static async Task<List<VolumeRecord>> OursAsync(ILibvirtHost host, string pool, VmVolumesRequest request) =>
        [.. (await host.Storage.ListVolumesAsync(pool)).Where(volume =>
            VmIdentity.IsVolumeOf(request.Id, volume.Name) && !request.Keep.Contains($"{volume.Pool}/{volume.Name}"))];

    /// <summary>Deletes a volume that may be gone.</summary>
    internal static async Task DeleteAsync(IStorage storage, string pool, string volume)
    {
        try
        {
            await storage.DeleteVolumeAsync(pool, volume);
        }
        catch (LibvirtNotFoundException)
        {
            // an earlier attempt got through late
        }
    }

    private static async Task TryRefreshAsync(ILibvirtHost host, string pool)
    {
        try
        {
            await host.Storage.RefreshPoolAsync(pool);
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            // a pool with a job under way refuses; what it knows is deleted all the same
        }
    }
}
