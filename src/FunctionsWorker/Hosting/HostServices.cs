using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Activation;
using Microsoft.Azure.Functions.Worker.Admin;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Http.OpenApi;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Azure.Functions.Worker.Management;
using Microsoft.Azure.Functions.Worker.Outputs;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>Registers the host's own services.</summary>
internal static class HostServices
{
    // Time for listeners to notice and for replies to leave, once the invocations have ended.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(5);

    public static void Add(
        IServiceCollection services, IConfiguration configuration, HostPlan plan, FunctionPipeline pipeline, List<string> faults)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(plan);
        services.AddSingleton(plan.Settings);
        services.AddSingleton(pipeline);
        services.AddSingleton<InputBinder>();
        services.AddSingleton<FunctionExecutor>();
        services.TryAddSingleton<IFunctionExecutor>(static provider => provider.GetRequiredService<FunctionExecutor>());
        services.TryAddSingleton<IFunctionActivator, DefaultFunctionActivator>();
        services.TryAddSingleton<IFunctionMetadataProvider, CatalogMetadataProvider>();
        services.TryAddSingleton<IFunctionMetadataManager, FunctionMetadataManager>();
        services.AddSingleton<RetryLoop>();
        services.AddSingleton<OutputSender>();
        services.AddSingleton(plan.Outputs);
        services.AddSingleton<FunctionInvoker>();
        services.AddSingleton<HostMetrics>();
        services.AddSingleton<HostDrain>();
        services.AddSingleton<HostHealth>();
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<HttpFunctions>();
        services.AddSingleton<RequestThrottle>();
        services.AddSingleton<OpenApiEndpoint>();
        services.AddSingleton<CustomHeaders>();
        services.TryAddSingleton<ILoadProbe, ProcessLoadProbe>();
        services.AddSingleton<LoadMonitor>();
        services.AddHostedService(static provider => provider.GetRequiredService<LoadMonitor>());
        WebServer.AddTo(services, plan.Settings);
        services.AddSingleton<ManagementLinks>();
        services.AddSingleton<KeyGate>();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = plan.Settings.DrainTimeout + StopMargin);
        services.Configure<KestrelServerOptions>(options => WebServer.Limit(options, plan.Settings));
        services.AddLogging(logging => HostLogging.Add(logging, plan.Settings));
        services.AddHostedService<RouteConstraints>();
        services.AddSingleton<HostRestart>();
        services.AddHostedService<HostJsonWatcher>();
        services.AddHostedService<StartupBanner>();
        services.AddHostedService<SecondSignal>();
        AddListeners(services, plan);
        bool isDurable = DurableFunctions.Any(plan.Catalog.Without(plan.Disabled).Without(plan.LeftOut))
            || services.Any(static s => s.ServiceType == typeof(IDurableTaskClientProvider));
        if (isDurable)
        {
            DurableWiring.Add(services, plan.Enabled, plan.Settings, configuration, faults);
            ManagementApi.AddTo(services);
            services.AddSingleton<IDependencyProbe, HubProbe>();
        }

        HostStores.Add(services, plan.Settings, configuration, faults);
        KeyServices.Add(services, plan.Keys, configuration, faults);
        AdminServices.Add(services);
    }

    private static void AddListeners(IServiceCollection services, HostPlan plan)
    {
        if (plan.Timers.Count > 0)
        {
            services.AddSingleton(plan.Timers);
            services.TryAddSingleton(new TimerLease());
            services.AddSingleton<TimerMetrics>();
            services.AddSingleton<TimerRunner>();
            services.AddHostedService<TimerListener>();
        }

        services.TryAddSingleton(new QueueLease());
        services.AddSingleton<SharedTraces>();
        // Before the listeners, so that it stops after them.
        services.AddHostedService(static provider => provider.GetRequiredService<SharedTraces>());
        services.AddSingleton<MessageTraces>();
        services.AddSingleton<QueueMessageRunner>();
        foreach (QueueFunction queue in plan.Queues)
        {
            services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<QueueListener>(
                provider, queue, plan.Settings.Queues));
        }
    }
}
