using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Libvirt;

internal sealed class LibvirtConnector(TimeProvider time, ILoggerFactory loggers) : ILibvirtConnector
{
    public ILibvirtHost Open(string name, LibvirtHostOptions options) =>
        new LibvirtHost(name, options, time, loggers.CreateLogger<LibvirtHost>());
}
