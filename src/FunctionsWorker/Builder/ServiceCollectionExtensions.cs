using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// The function host on a service collection. On that of a host application builder it is the whole host, composed at once; on a bare
/// collection, as tests make it, only the options and services that functions meet.
/// </summary>
public static class ServiceCollectionExtensions
{
    /// <param name="configure">Changes how payloads are read and written.</param>
    /// <exception cref="HostStartupException">Something is faulty; the exception lists all of it.</exception>
    public static IFunctionsWorkerApplicationBuilder AddFunctionsWorkerDefaults(
        this IServiceCollection services, Action<WorkerOptions>? configure = null) => Add(services, configure);

    /// <inheritdoc cref="AddFunctionsWorkerDefaults"/>
    public static IFunctionsWorkerApplicationBuilder AddFunctionsWorkerCore(
        this IServiceCollection services, Action<WorkerOptions>? configure = null) => Add(services, configure);

    private static IFunctionsWorkerApplicationBuilder Add(IServiceCollection services, Action<WorkerOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        HostBuilderContext? context = services
            .Where(static s => s.ServiceType == typeof(HostBuilderContext) && !s.IsKeyedService)
            .Select(static s => s.ImplementationInstance as HostBuilderContext)
            .LastOrDefault();
        if (context is not null)
        {
            IFunctionsWorkerApplicationBuilder? worker = null;
            WorkerHostSetup.Use(
                new ImmediateHostBuilder(services, context), isWebApplication: false, (_, builder) => worker = builder, configure);
            return worker!;
        }

        WorkerDefaults.AddTo(services);
        if (configure is not null)
        {
            services.Configure(configure);
        }

        return new WorkerApplicationBuilder(services, new FunctionPipeline());
    }
}
