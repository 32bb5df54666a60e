namespace Heal.Drivers.Libvirt;

/// <summary>Opens connections beside those of <see cref="ILibvirtHosts"/>: another way to a host that is configured already.</summary>
public interface ILibvirtConnector
{
    /// <summary>With connections, threads and a breaker of its own, until it is disposed. Nothing is opened before the first
    /// call.</summary>
    /// <param name="name">For messages and errors.</param>
    ILibvirtHost Open(string name, LibvirtHostOptions options);
}
