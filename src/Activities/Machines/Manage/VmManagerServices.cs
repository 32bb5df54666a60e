using Heal.Drivers.Libvirt;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Puts the VM manager into a container.</summary>
public static class VmManagerServices
{
    /// <summary>Adds options (section <c>Heal:Vms</c>) and services. The caller adds <see cref="ILibvirtHosts"/>.</summary>
    public static IServiceCollection AddVmManager(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<VmManagerOptions>().Bind(configuration.GetSection(VmManagerOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<VmManagerOptions>, VmManagerOptionsValidator>();
        services.AddSingleton<OsinfoFiles>();
        services.AddSingleton(provider => new HostFactsReader(
            provider.GetRequiredService<ILibvirtHosts>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IMachineMemory>()));
        services.AddSingleton(provider => new VmManager(
            provider.GetRequiredService<ILibvirtHosts>(),
            provider.GetRequiredService<HostFactsReader>(),
            provider.GetRequiredService<OsinfoFiles>(),
            provider.GetRequiredService<IOptions<VmManagerOptions>>(),
            provider.GetService<IMachineMemory>()));
        services.AddSingleton<ManagedHosts>();
        return services;
    }
}
