using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Makes one volume of a definition, unless it is there. A copy is made by <see cref="VolumeCopy"/>.</summary>
[DurableTask(VmActivityNames.MakeVmVolume)]
internal sealed class MakeVmVolumeActivity(ManagedHosts hosts) : TaskActivity<VmVolumeRequest, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmVolumeRequest? input)
    {
        var volume = input!.Volume;
        return hosts.RunAsync(input.Host, async host =>
        {
            if (volume.CopyOf is { } source) return await VolumeCopy.MakeAsync(host, volume, source);
            if (await host.Storage.FindVolumeAsync(volume.Pool, volume.Name) is { } there) return $"{there.Path} is there";

            VolumeRecord? image = null;
            if (volume.Backing is { } backing)
            {
                image = await host.Storage.FindVolumeAsync(backing.Pool, backing.Volume)
                    ?? throw new LibvirtNotFoundException(
                        host.Name, 0, 0, $"image '{backing.Volume}' of pool '{backing.Pool}' is not there any more");
            }

            var capacity = volume.SizeBytes ?? image?.Capacity ?? 0;
            var xml = VolumeXml.Of(volume, capacity, image?.ToLocation(), image?.Format).ToString();
            try
            {
                return $"{(await host.Storage.CreateVolumeAsync(volume.Pool, xml)).Path} made";
            }
            catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
            {
                // an earlier attempt that nobody heard of may have got through meanwhile
                if (await host.Storage.FindVolumeAsync(volume.Pool, volume.Name) is { } late) return $"{late.Path} is there";
                throw;
            }
        });
    }
}
