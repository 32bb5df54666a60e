using Heal.Functions.Alerts;
using Heal.Functions.Incidents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Composition;

/// <summary>The doors that alerts come through, and what looks after what became of them.</summary>
internal static class AlertDoors
{
    public static IServiceCollection AddAlertDoors(this IServiceCollection services, IConfiguration configuration)
    {
        AlertSettings settings = configuration.GetSection(AlertSettings.Section).Get<AlertSettings>() ?? new AlertSettings();
        if (settings.Faults().ToArray() is { Length: > 0 } faults)
        {
            throw new OptionsValidationException(AlertSettings.Section, typeof(AlertSettings), faults);
        }

        services.AddSingleton(settings);
        services.AddSingleton<SignalIntake>();
        services.AddSingleton<AlertDoor>();
        services.AddSingleton<RoutingPump>();
        services.AddSingleton<TendMetrics>();
        services.AddHttpClient<AlertmanagerClient>();
        return services;
    }
}
