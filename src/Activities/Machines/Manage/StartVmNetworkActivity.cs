using Heal.Drivers.Libvirt;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Has a network active that a machine needs.</summary>
[DurableTask(VmActivityNames.StartVmNetwork)]
internal sealed class StartVmNetworkActivity(ManagedHosts hosts) : TaskActivity<VmNetworkRequest, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmNetworkRequest? input) => hosts.RunAsync(input!.Host, async host =>
    {
        if (await IsActiveAsync(host, input.Network)) return $"network '{input.Network}' is active";
        try
        {
            await host.Networks.StartAsync(input.Network);
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            if (!await IsActiveAsync(host, input.Network)) throw; // else somebody was faster
        }

        return $"network '{input.Network}' started";
    });

    private static async Task<bool> IsActiveAsync(ILibvirtHost host, string network) =>
        (await host.Networks.ListAsync()).Any(item => item.Name == network && item.IsActive);
}
