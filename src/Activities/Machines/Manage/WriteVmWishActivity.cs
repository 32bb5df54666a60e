using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Writes into the domain's mark what it should be and how far the healer may go. The rest of the mark stays.</summary>
[DurableTask(VmActivityNames.WriteVmWish)]
internal sealed class WriteVmWishActivity(ManagedHosts hosts) : TaskActivity<VmWish, VmStep>
{
    public override Task<VmStep> RunAsync(TaskActivityContext context, VmWish? input) => hosts.RunAsync(input!.Host, async host =>
    {
        if (await ManagedHosts.FindOursAsync(host, input.Id, CancellationToken.None) is not { } domain)
        {
            throw new LibvirtNotFoundException(host.Name, 0, 0, $"the domain of '{input.Id}' is gone");
        }

        var old = VmMark.Parse(await host.Domains.GetMetadataAsync(domain.Uuid, VmMark.Namespace))!;
        var mark = old with { Desired = input.Desired, Autonomy = input.Autonomy };
        if (old.Desired != mark.Desired || old.Autonomy != mark.Autonomy)
        {
            await host.Domains.SetMetadataAsync(domain.Uuid, VmMark.Namespace, VmMark.Prefix, mark.ToPlainText());
        }

        if (input.Autostart is { } autostart && autostart != domain.Autostart) await host.Domains.SetAutostartAsync(domain.Uuid, autostart);
        return $"desired {input.Desired}, autonomy {input.Autonomy}";
    });
}
