namespace Heal.Drivers.Libvirt;

/// <summary>
/// One libvirt host, over connections of its own. Thread-safe. Every call runs on one of the host's own threads, has a deadline
/// (<see cref="LibvirtHostOptions.CallTimeout"/>) and passes the host's breaker: a call that hangs blocks neither its caller beyond the
/// deadline nor any other host.
/// </summary>
/// <remarks>
/// Delivery: libvirt is asked once per call. After a <see cref="LibvirtTimeoutException"/> or a lost connection nobody knows whether the
/// call took effect: look before asking again. Every method throws a <see cref="LibvirtException"/> (or a subclass) when libvirt refuses
/// or cannot be reached, and OperationCanceledException only for the caller's own token.
/// </remarks>
public interface ILibvirtHost : IAsyncDisposable
{
    /// <summary>The name under which this host is configured, and under which incidents know it.</summary>
    string Name { get; }

    Uri Uri { get; }

    bool IsReadOnly { get; }

    /// <summary>Whether the control connection stands, without asking.</summary>
    HostLink Link { get; }

    IDomains Domains { get; }

    IStorage Storage { get; }

    INetworks Networks { get; }

    /// <summary>What the host is and what it has: capacity, memory, versions.</summary>
    Task<HostInfo> GetInfoAsync(CancellationToken cancellationToken = default);

    /// <summary>The capabilities document (<c>virsh capabilities</c>): CPU model, machine types, NUMA cells.</summary>
    Task<string> GetCapabilitiesAsync(CancellationToken cancellationToken = default);

    /// <summary>What the emulator offers for a machine type (<c>virsh domcapabilities</c>).</summary>
    Task<string> GetDomainCapabilitiesAsync(
        string? architecture, string? machine, string? virtType, CancellationToken cancellationToken = default);

    /// <summary>True when this host's CPU can run a guest that needs the CPU of the other capabilities' document.</summary>
    Task<CpuComparison> CompareCpuAsync(string cpuXml, CancellationToken cancellationToken = default);

    /// <summary>
    /// Follows what happens on this host: first <see cref="ConnectedEvent"/>, then events in libvirt's order. After each reconnect
    /// Connected comes again, and whoever keeps an inventory compares it then: events of the meantime are lost in libvirt. Ends by
    /// cancellation only. Bounded: a consumer that is <see cref="LibvirtHostOptions.EventBacklog"/> events behind gets Connected (look
    /// again) in place of what it missed.
    /// </summary>
    IAsyncEnumerable<HostEvent> WatchAsync(CancellationToken cancellationToken = default);
}

/// <summary>Whether a host can be talked to.</summary>
public enum HostLink
{
    /// <summary>No connection yet, or lost and not back.</summary>
    Down,

    Up,

    /// <summary>The breaker is open: calls are refused at once until it is tried again.</summary>
    Refusing,
}

/// <summary>What <c>virConnectCompareCPU</c> answers.</summary>
public enum CpuComparison
{
    Incompatible = 0,
    Identical = 1,

    /// <summary>The host can do more than the guest needs.</summary>
    Superset = 2,
}
