using Heal.Activities;
using Heal.Functions.Machines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Composition;

/// <summary>Libvirt hosts and what is done with them. Without configured hosts (<c>Heal:Libvirt:Hosts</c>) nothing of it needs
/// libvirt.</summary>
internal static class MachineHosts
{
    private const string Section = "Heal:Libvirt";

    public static bool HasHosts(IConfiguration configuration) => configuration.GetSection($"{Section}:Hosts").GetChildren().Any();

    public static IServiceCollection AddMachines(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLibvirtHosts(configuration.GetSection(Section));
        services.AddSingleton<MachineFeed>();
        services.AddHostedService(static provider => provider.GetRequiredService<MachineFeed>());
        services.AddVmManager(configuration);
        LibvirtMetricSettings metrics = configuration.GetSection(LibvirtMetricSettings.Section).Get<LibvirtMetricSettings>() ?? new();
        if (metrics.Faults().ToArray() is { Length: > 0 } faults)
        {
            throw new OptionsValidationException(LibvirtMetricSettings.Section, typeof(LibvirtMetricSettings), faults);
        }

        services.AddSingleton(metrics);
        services.AddSingleton<LibvirtMetrics>();
        services.AddHostedService(static provider => provider.GetRequiredService<LibvirtMetrics>());
        return services;
    }
}
