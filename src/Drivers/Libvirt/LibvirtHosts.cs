using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Drivers.Libvirt;

/// <summary>The configured hosts, each with connections, threads and a breaker of its own.</summary>
internal sealed class LibvirtHosts(IOptions<LibvirtOptions> options, TimeProvider time, ILoggerFactory loggers)
    : ILibvirtHosts, IAsyncDisposable, IDisposable
{
    private readonly LibvirtHost[] _all =
    [
        .. options.Value.Hosts.OrderBy(host => host.Key, StringComparer.Ordinal)
            .Select(host => new LibvirtHost(host.Key, host.Value, time, loggers.CreateLogger<LibvirtHost>())),
    ];

    public IReadOnlyList<ILibvirtHost> All => _all;

    public ILibvirtHost? Find(string name) => Array.Find(_all, host => host.Name == name);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _all)
            await host.DisposeAsync();
    }

    /// <summary>Nothing of it waits for a host: a container that is not disposed asynchronously may end it too.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
