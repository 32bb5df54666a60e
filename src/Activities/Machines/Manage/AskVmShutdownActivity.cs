using Heal.Drivers.Libvirt;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Asks the guest to power off. Whether it does, a look tells.</summary>
[DurableTask(VmActivityNames.AskVmShutdown)]
internal sealed class AskVmShutdownActivity(ManagedHosts hosts) : TaskActivity<VmTarget, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmTarget? input) => hosts.RunAsync(input!.Host, async host =>
    {
        var domain = await ManagedHosts.FindOursAsync(host, input.Id, CancellationToken.None);
        if (domain?.Id is null) return "it is off";
        if (domain.State is not (DomainState.Running or DomainState.Blocked)) return "it does not run, so it cannot hear";
        await host.Domains.ShutdownAsync(domain.Uuid);
        return "asked";
    });
}
