using Heal.Functions.Watches;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Composition;

/// <summary>The detection of faults in the cluster itself, out of the shared caches that the target cluster brings.</summary>
internal static class Watches
{
    public static IServiceCollection AddWatches(this IServiceCollection services, IConfiguration configuration)
    {
        WatchSettings settings = configuration.GetSection(WatchSettings.Section).Get<WatchSettings>() ?? new WatchSettings();
        if (settings.Faults().ToArray() is { Length: > 0 } faults)
        {
            throw new OptionsValidationException(WatchSettings.Section, typeof(WatchSettings), faults);
        }

        services.AddSingleton(settings);
        services.AddSingleton<WatchMetrics>();
        services.AddSingleton<WatchFeed>();
        services.AddHostedService(static provider => provider.GetRequiredService<WatchFeed>());
        return services;
    }
}
