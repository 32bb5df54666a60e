using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Judges whether and where a machine can be made, and notes what is there before anything is begun.</summary>
[DurableTask(VmActivityNames.CheckVm)]
internal sealed class CheckVmActivity(VmManager manager, ManagedHosts hosts) : TaskActivity<VmBlueprint, VmCheck>
{
    public override async Task<VmCheck> RunAsync(TaskActivityContext context, VmBlueprint? input)
    {
        var vm = input!;
        var decision = await manager.PlaceAsync(vm, CancellationToken.None);
        if (decision.Host is not { } name) return new VmCheck(decision, [], []);

        var host = hosts.Get(name);
        var old = new List<string>();
        foreach (var volume in vm.NewVolumes)
        {
            if (await IsThereAsync(host, volume)) old.Add($"{volume.Pool}/{volume.Name}");
        }

        var wanted = vm.Interfaces.Select(nic => nic.Network).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var idle = (await host.Networks.ListAsync()).Where(network => !network.IsActive && wanted.Contains(network.Name));
        return new VmCheck(decision, old, [.. idle.Select(network => network.Name)]);
    }

    // The pool of a machine that exists may have been stopped since.
    private static async Task<bool> IsThereAsync(ILibvirtHost host, BlueprintVolume volume)
    {
        try
        {
            // half a copy is no volume that somebody had
            return await host.Storage.FindVolumeAsync(volume.Pool, volume.Name) is not null
                && (volume.CopyOf is null || await host.Storage.FindVolumeAsync(volume.Pool, VmIdentity.CopyMark(volume.Name)) is null);
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            return false;
        }
    }
}
