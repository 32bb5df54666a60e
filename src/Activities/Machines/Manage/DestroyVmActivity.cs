using Heal.Drivers.Libvirt;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Ends the guest at once, unless it is off.</summary>
[DurableTask(VmActivityNames.DestroyVm)]
internal sealed class DestroyVmActivity(ManagedHosts hosts) : TaskActivity<VmTarget, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmTarget? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var domain = await ManagedHosts.FindOursAsync(host, input.Id, CancellationToken.None);
        if (domain?.Id is null) return "it is off";
        await DestroyAsync(host, domain.Uuid);
        return "destroyed";
    });

    internal static async Task DestroyAsync(ILibvirtHost host, Guid uuid)
    {
        try
        {
            await host.Domains.DestroyAsync(uuid);
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            if ((await host.Domains.FindAsync(uuid))?.Id is not null) throw; // else it ended by itself meanwhile
        }
    }
}
