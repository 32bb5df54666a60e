namespace Heal.Drivers.Libvirt;

/// <summary>Virtual networks. See <see cref="ILibvirtHost"/> for deadlines, delivery and errors.</summary>
public interface INetworks
{
    Task<IReadOnlyList<NetworkRecord>> ListAsync(CancellationToken cancellationToken = default);

    Task<string> GetXmlAsync(string network, CancellationToken cancellationToken = default);

    /// <summary>Defines and starts a network.</summary>
    Task<NetworkRecord> CreateAsync(string xml, CancellationToken cancellationToken = default);

    Task StartAsync(string network, CancellationToken cancellationToken = default);

    /// <summary>Stops a network, and removes its definition when asked.</summary>
    Task StopAsync(string network, bool undefine, CancellationToken cancellationToken = default);
}
