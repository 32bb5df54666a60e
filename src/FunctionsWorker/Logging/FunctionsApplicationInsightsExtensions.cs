using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>What the official template of a function app calls, so that such an app builds and starts here too.</summary>
public static partial class FunctionsApplicationInsightsExtensions
{
    /// <summary>
    /// Sends nothing: this host tells of itself by OpenTelemetry, for whichever exporter the application chooses. Where a setting asks for
    /// Application Insights all the same, a warning at the start says so, and what to do instead.
    /// </summary>
    public static IServiceCollection ConfigureFunctionsApplicationInsights(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ApplicationInsightsNotice>());
        return services;
    }

    private sealed partial class ApplicationInsightsNotice(IConfiguration configuration, ILogger<ApplicationInsightsNotice> logger)
        : IHostedService
    {
        private static readonly string[] Settings = ["APPLICATIONINSIGHTS_CONNECTION_STRING", "APPINSIGHTS_INSTRUMENTATIONKEY"];

        public Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (string setting in Settings.Where(name => !string.IsNullOrEmpty(configuration[name])))
            {
                Log.NotSent(logger, setting);
            }

            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private static partial class Log
        {
            [LoggerMessage(85, LogLevel.Warning,
                "{Setting} is set, but this host sends nothing to Application Insights. Export its spans and metrics by OpenTelemetry: "
                + "sources 'Microsoft.Azure.Functions.Worker' and 'Microsoft.DurableTask', meter 'Microsoft.Azure.Functions.Worker'")]
            public static partial void NotSent(ILogger logger, string setting);
        }
    }
}
