using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Management;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>Registers the host's own services.</summary>
internal static class HostServices
{
    // Time for listeners to notice and for replies to leave, once the invocations have ended.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(5);

    public static void Add(WebApplicationBuilder web, HostPlan plan, FunctionPipeline pipeline, List<string> faults)
    {
        IServiceCollection services = web.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(plan);
        services.AddSingleton(plan.Settings);
        services.AddSingleton(pipeline);
        services.AddSingleton<InputBinder>();
        services.AddSingleton<FunctionExecutor>();
        services.AddSingleton<FunctionInvoker>();
        services.AddSingleton<HostDrain>();
        services.AddSingleton<HostHealth>();
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<HttpFunctions>();
        services.AddSingleton<ManagementLinks>();
        services.AddSingleton(static provider => HostKeys.Load(
            provider.GetRequiredService<HostPlan>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(static provider => new KeyGate(
            provider.GetRequiredService<KeyRing>(),
            provider.GetRequiredService<HostSettings>().RequestBodyLimit,
            provider.GetRequiredService<ILogger<KeyGate>>()));
        services.Configure<HostOptions>(options => options.ShutdownTimeout = plan.Settings.DrainTimeout + StopMargin);
        web.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = plan.Settings.RequestBodyLimit;
        });
        AddLogging(web.Logging, plan.Settings);
        services.AddHostedService<StartupBanner>();
        AddListeners(services, plan);
        bool isDurable = DurableFunctions.Any(plan.Catalog)
            || services.Any(static s => s.ServiceType == typeof(IDurableTaskClientProvider));
        if (isDurable)
        {
            DurableWiring.Add(services, plan.Enabled, plan.Settings, web.Configuration, faults);
            services.AddSingleton<ManagementApi>();
            services.AddSingleton<EntityApi>();
            services.AddSingleton<IDependencyProbe, HubProbe>();
        }
    }

    private static void AddListeners(IServiceCollection services, HostPlan plan)
    {
        if (plan.Timers.Count > 0)
        {
            services.AddSingleton(plan.Timers);
            services.AddHostedService<TimerListener>();
        }

        services.AddSingleton<QueueMessageRunner>();
        foreach (QueueFunction queue in plan.Queues)
        {
            services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<QueueListener>(
                provider, queue, plan.Settings.Queues));
        }
    }

    private static void AddLogging(ILoggingBuilder logging, HostSettings settings)
    {
        foreach ((string category, string level) in settings.LogLevels)
        {
            LogLevel parsed = Enum.Parse<LogLevel>(level, ignoreCase: true);
            logging.AddFilter(category == "default" ? null : category, parsed);
        }

        // Logs whole request lines, and with them the keys that came in the query.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
    }
}
