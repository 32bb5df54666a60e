using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Client;

/// <summary>Adds clients to the container.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds a client, or finds the builder of one that was added. The default client is also the container's
    /// <see cref="DurableTaskClient"/>.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="name">The client's name; null for the default. Case matters.</param>
    public static IDurableTaskClientBuilder AddDurableTaskClient(this IServiceCollection services, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var builderName = name ?? Options.DefaultName;
        var known = services
            .Select(service => service.IsKeyedService ? null : service.ImplementationInstance)
            .OfType<ClientBuilderMarker>()
            .FirstOrDefault(marker => string.Equals(marker.Builder.Name, builderName, StringComparison.Ordinal));
        if (known is not null)
        {
            return known.Builder;
        }

        var builder = new DefaultDurableTaskClientBuilder(builderName, services);
        services.AddSingleton(new ClientBuilderMarker(builder));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IDurableTaskClientProvider, DurableTaskClientProvider>();
        services.AddSingleton(provider => new RegisteredClient(builderName, () => builder.Build(provider)));
        services.AddOptions<DurableTaskClientOptions>(builderName)
            .PostConfigure<IServiceProvider>((options, provider) => options.SetDefaultConverter(provider.GetService<DataConverter>()));
        return builderName == Options.DefaultName ? builder.RegisterDirectly() : builder;
    }

    /// <summary>Adds and configures the default client.</summary>
    public static IServiceCollection AddDurableTaskClient(this IServiceCollection services, Action<IDurableTaskClientBuilder> configure) =>
        services.AddDurableTaskClient(Options.DefaultName, configure);

    /// <summary>Adds and configures a client.</summary>
    public static IServiceCollection AddDurableTaskClient(
        this IServiceCollection services, string name, Action<IDurableTaskClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(services.AddDurableTaskClient(name));
        return services;
    }

    /// <summary>Remembers that a name was added, while the container is being put together.</summary>
    private sealed record ClientBuilderMarker(IDurableTaskClientBuilder Builder);
}
