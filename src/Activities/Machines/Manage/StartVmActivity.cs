using Heal.Drivers.Libvirt;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Starts the domain, unless it is active, or was restarted on another host when this one was dead.</summary>
/// <param name="memory">Knows of those; null: there are none.</param>
[DurableTask(VmActivityNames.StartVm)]
internal sealed class StartVmActivity(ManagedHosts hosts, IMachineMemory? memory = null) : TaskActivity<VmTarget, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmTarget? input) => hosts.RunAsync(input!.Host, async host =>
    {
        if (await ManagedHosts.FindOursAsync(host, input.Id, CancellationToken.None) is not { } domain)
        {
            throw new LibvirtNotFoundException(host.Name, 0, 0, $"the domain of '{input.Id}' is gone");
        }

        if (domain.Id is not null) return "it is active";
        if (memory is not null && await LeftCopies.ObjectionAsync(
            memory, hosts.Hosts, host.Name, domain.Uuid.ToString(), CancellationToken.None) is { } objection)
        {
            throw new LibvirtException(host.Name, 0, 0, objection);
        }

        try
        {
            await host.Domains.StartAsync(domain.Uuid);
        }
        catch (LibvirtException e) when (e is not LibvirtNotFoundException && !ManagedHosts.MayPass(e))
        {
            if ((await host.Domains.FindAsync(domain.Uuid))?.Id is null) throw; // else an earlier attempt got through late
        }

        return "started";
    });
}
