namespace Heal.Drivers.Libvirt;

/// <summary>All configured hosts. One that cannot be reached is listed all the same: its calls say why.</summary>
public interface ILibvirtHosts
{
    /// <summary>In the order of their names.</summary>
    IReadOnlyList<ILibvirtHost> All { get; }

    /// <summary>Null when no host is configured under this name.</summary>
    ILibvirtHost? Find(string name);
}
