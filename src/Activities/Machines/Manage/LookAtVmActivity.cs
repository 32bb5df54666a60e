using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Sees what a machine is now. Reads only.</summary>
[DurableTask(VmActivityNames.LookAtVm)]
internal sealed class LookAtVmActivity(ManagedHosts hosts) : TaskActivity<VmTarget, VmSight>
{
    private static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(5);

    public override Task<VmSight> RunAsync(TaskActivityContext context, VmTarget? input) => LookAsync(hosts.Get(input!.Host), input);

    internal static async Task<VmSight> LookAsync(ILibvirtHost host, VmTarget target)
    {
        try
        {
            if (await host.Domains.FindAsync(VmIdentity.Uuid(target.Id)) is not { } domain) return VmSight.None;
            var document = DomainDocument.Parse(await host.Domains.GetXmlAsync(domain.Uuid, inactive: false));
            var isRunning = domain.State is DomainState.Running or DomainState.Blocked;
            bool? agent = null;
            if (target.AskAgent && isRunning)
            {
                agent = await host.Domains.AskAgentAsync(domain.Uuid, """{"execute":"guest-ping"}""", AgentTimeout) is not null;
            }

            return new VmSight(
                true, document.Mark?.Definition == target.Id, domain.Name, domain.Id is not null, isRunning, domain.Id,
                $"{ManagedVm.StateOf(domain.State)} ({domain.Reason})", domain.Vcpus, domain.MaxMemoryKib, document.Mark,
                await DiskErrorsAsync(host, domain), agent, document.Disks);
        }
        catch (LibvirtNotFoundException)
        {
            return VmSight.None;
        }
    }

    // Not every driver can tell; a guest that ends meanwhile has none either.
    private static async Task<IReadOnlyList<string>> DiskErrorsAsync(ILibvirtHost host, DomainRecord domain)
    {
        if (domain.Id is null) return [];
        try
        {
            return [.. (await host.Domains.GetDiskErrorsAsync(domain.Uuid)).Select(error => $"{error.Disk}: {error.Error}")];
        }
        catch (LibvirtException e) when (!ManagedHosts.MayPass(e))
        {
            return [];
        }
    }
}
