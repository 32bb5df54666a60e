using Heal.Functions.Incidents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Heal.Functions.Composition;

/// <summary>
/// Traces and metrics by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, in the environment or a settings file; else nothing is
/// collected. The exporter reads the other standard OTEL_* settings from the same places.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] TraceSources =
    [
        "Microsoft.DurableTask", "Microsoft.Azure.Functions.Worker",
        "Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Heal.Drivers.Kubernetes", DurableIncidents.SpanSource,
    ];

    private static readonly string[] Meters =
    [
        "Microsoft.AspNetCore.*", "System.Net.Http", "System.Runtime", "Npgsql", "Heal.*",
        "Microsoft.Azure.Functions.Worker", "Microsoft.DurableTask",
    ];

    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        if (!string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            services.AddHostedService<Providers>();
        }

        return services;
    }

    private sealed class Providers(IConfiguration configuration) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            ResourceBuilder resource = ResourceBuilder.CreateDefault().AddService("heal").AddEnvironmentVariableDetector();
            _traces = Sdk.CreateTracerProviderBuilder().ConfigureServices(UseSettings).SetResourceBuilder(resource)
                .AddSource(TraceSources).AddOtlpExporter().Build();
            _metrics = Sdk.CreateMeterProviderBuilder().ConfigureServices(UseSettings).SetResourceBuilder(resource)
                .AddMeter(Meters).AddOtlpExporter().Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _traces?.ForceFlush();
            _metrics?.ForceFlush();
            return Task.CompletedTask;
        }

        // Without it the exporter knows the environment only, and sends what a settings file switched on to its default address.
        private void UseSettings(IServiceCollection services) => services.AddSingleton(configuration);

        public void Dispose()
        {
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }
}
