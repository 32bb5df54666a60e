using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Defines the domain, marked, unless it is there. Never redefines: what runs from another definition is not ours to
/// change.</summary>
[DurableTask(VmActivityNames.DefineVm)]
internal sealed class DefineVmActivity(ManagedHosts hosts) : TaskActivity<VmOrder, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmOrder? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var vm = input.Blueprint;
        if (await ManagedHosts.FindOursAsync(host, vm.Id, CancellationToken.None) is not null) return $"domain '{vm.Name}' is there";

        var locations = new List<VolumeLocation>();
        foreach (var disk in vm.Disks) locations.Add(await LocateAsync(host, disk.Pool, disk.Volume));
        if (vm.Seed is { } seed) locations.Add(await LocateAsync(host, seed.Pool, seed.Volume));
        await host.Domains.DefineAsync(DomainXml.Of(vm, locations).ToString());
        return $"domain '{vm.Name}' defined";
    });

    private static async Task<VolumeLocation> LocateAsync(ILibvirtHost host, string pool, string volume) =>
        (await host.Storage.FindVolumeAsync(pool, volume)
            ?? throw new LibvirtNotFoundException(host.Name, 0, 0,
                $"volume '{volume}' of pool '{pool}' is not there any more")).ToLocation();
}
