using Heal.Drivers.Libvirt;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Stops a network that was idle before a create started it. One that a running domain uses by now stays.</summary>
[DurableTask(VmActivityNames.StopVmNetwork)]
internal sealed class StopVmNetworkActivity(ManagedHosts hosts) : TaskActivity<VmNetworkRequest, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmNetworkRequest? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var network = (await host.Networks.ListAsync()).FirstOrDefault(item => item.Name == input.Network);
        if (network is not { IsActive: true }) return $"network '{input.Network}' is not active";
        foreach (var domain in (await host.Domains.ListAsync()).Where(domain => domain.Id is not null))
        {
            try
            {
                var document = DomainDocument.Parse(await host.Domains.GetXmlAsync(domain.Uuid, inactive: false));
                if (document.Networks.Contains(input.Network)) return $"network '{input.Network}' stays: '{domain.Name}' uses it";
            }
            catch (LibvirtNotFoundException)
            {
                // ended meanwhile, so it uses nothing
            }
        }

        await host.Networks.StopAsync(input.Network, undefine: false);
        return $"network '{input.Network}' stopped again";
    });
}
