using Heal.Drivers.Libvirt;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Puts the fencing desk together.</summary>
internal static class FencingServices
{
    /// <summary>Null where no libvirt host is configured.</summary>
    public static FencingDesk? Desk(IServiceProvider provider)
    {
        if (provider.GetService<ILibvirtConnector>() is not { } connector) return null;
        var options = provider.GetRequiredService<IOptionsMonitor<MachineOptions>>();
        var time = provider.GetRequiredService<TimeProvider>();
        return new FencingDesk(
            [
                new HypervisorWitness(connector, provider.GetRequiredService<IMachineMemory>(), options, time),
                new IpmiWitness(new LocalCommands(time), options, time),
                new RedfishWitness(provider.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(RedfishWitness)), options, time),
            ],
            new DiskLockWitness(provider.GetRequiredService<IImageLocks>(), options, time), options, time);
    }
}
