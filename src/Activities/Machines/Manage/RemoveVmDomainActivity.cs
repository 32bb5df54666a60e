using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>
/// Takes the domain away: destroyed when it is active, then undefined with snapshots, managed save and NVRAM. Only the one that carries the
/// definition's mark.
/// </summary>
[DurableTask(VmActivityNames.RemoveVmDomain)]
internal sealed class RemoveVmDomainActivity(ManagedHosts hosts) : TaskActivity<VmTarget, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmTarget? input) => hosts.RunAsync(input!.Host, async host =>
    {
        if (await ManagedHosts.FindOursAsync(host, input.Id, CancellationToken.None) is not { } domain) return "there is no domain";
        if (domain.Id is not null) await DestroyVmActivity.DestroyAsync(host, domain.Uuid);
        try
        {
            await host.Domains.UndefineAsync(domain.Uuid);
        }
        catch (LibvirtNotFoundException)
        {
            // an earlier attempt got through late
        }

        return await host.Domains.FindAsync(VmIdentity.Uuid(input.Id)) is null
            ? $"domain '{domain.Name}' removed"
            : throw new LibvirtException(host.Name, 0, 0, $"domain '{domain.Name}' is there after it was undefined");
    });
}
