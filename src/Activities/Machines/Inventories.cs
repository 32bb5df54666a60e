using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Gives out the inventory of each configured host. What watches them lives beside the triggers.</summary>
public sealed class Inventories
{
    private readonly MachineTools _tools;

    internal Inventories(MachineTools tools) => _tools = tools;

    public IReadOnlyList<ILibvirtHost> Hosts => _tools.Hosts.All;

    public HostInventory Of(ILibvirtHost host, MachineBank bank) => new(host, _tools, bank);
}
