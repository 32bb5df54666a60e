using Heal.Drivers.Libvirt;
using Heal.Drivers.Libvirt.Images;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the libvirt hosts.</summary>
public static class LibvirtServices
{
    /// <summary>
    /// <see cref="ILibvirtHosts"/> of a configuration section (<c>Heal:Libvirt</c>): <c>Hosts:NAME:Uri</c> and the other
    /// <see cref="LibvirtHostOptions"/>. Wrong options end the start, all of them named; a host that cannot be reached does not. Without
    /// configured hosts the list is empty and libvirt is not loaded.
    /// </summary>
    public static IServiceCollection AddLibvirtHosts(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<LibvirtOptions>().Bind(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LibvirtOptions>, LibvirtOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.TryAddSingleton<ILibvirtHosts>(provider => new LibvirtHosts(
            provider.GetRequiredService<IOptions<LibvirtOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<ILibvirtConnector>(provider => new LibvirtConnector(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<IImageLocks, QemuImageLocks>();
        return services;
    }
}
