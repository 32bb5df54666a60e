using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.DurableTask.Worker;

/// <summary>Registers workers.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Adds a worker as a hosted service; several calls with one name describe the same worker.</summary>
    public static IDurableTaskWorkerBuilder AddDurableTaskWorker(this IServiceCollection services, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        name ??= Extensions.Options.Options.DefaultName;
        if (services.FirstOrDefault(service => service.ImplementationInstance is Described described && described.Builder.Name == name)
            is { ImplementationInstance: Described known })
        {
            return known.Builder;
        }

        var builder = new DefaultDurableTaskWorkerBuilder(name, services);
        services.AddOptions();
        services.AddLogging();
        services.AddSingleton(new Described(builder));
        services.AddOptions<DurableTaskWorkerOptions>(name)
            .PostConfigure<IServiceProvider>((options, provider) => options.SetDefaultConverter(provider.GetService<DataConverter>()));
        services.AddSingleton<IHostedService>(provider => builder.Build(provider));
        return builder;
    }

    /// <summary>Adds the default worker as a hosted service.</summary>
    public static IServiceCollection AddDurableTaskWorker(
        this IServiceCollection services, Action<IDurableTaskWorkerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(services.AddDurableTaskWorker());
        return services;
    }

    /// <summary>Adds a named worker as a hosted service.</summary>
    public static IServiceCollection AddDurableTaskWorker(
        this IServiceCollection services, string name, Action<IDurableTaskWorkerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(services.AddDurableTaskWorker(name));
        return services;
    }

    private sealed record Described(IDurableTaskWorkerBuilder Builder);
}
