using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>
/// An <see cref="IHostBuilder"/> over the services of a host that somebody else builds: each callback runs at once. Building stays with
/// the owner.
/// </summary>
internal sealed class ImmediateHostBuilder(IServiceCollection services, HostBuilderContext context) : IHostBuilder
{
    public IDictionary<object, object> Properties => context.Properties;

    public IHostBuilder ConfigureHostConfiguration(Action<IConfigurationBuilder> configureDelegate)
    {
        configureDelegate(Configuration());
        return this;
    }

    public IHostBuilder ConfigureAppConfiguration(Action<HostBuilderContext, IConfigurationBuilder> configureDelegate)
    {
        configureDelegate(context, Configuration());
        return this;
    }

    public IHostBuilder ConfigureServices(Action<HostBuilderContext, IServiceCollection> configureDelegate)
    {
        configureDelegate(context, services);
        return this;
    }

    public IHostBuilder UseServiceProviderFactory<TContainerBuilder>(IServiceProviderFactory<TContainerBuilder> factory)
        where TContainerBuilder : notnull => throw NotOurs();

    public IHostBuilder UseServiceProviderFactory<TContainerBuilder>(
        Func<HostBuilderContext, IServiceProviderFactory<TContainerBuilder>> factory)
        where TContainerBuilder : notnull => throw NotOurs();

    public IHostBuilder ConfigureContainer<TContainerBuilder>(Action<HostBuilderContext, TContainerBuilder> configureDelegate) =>
        throw NotOurs();

    public IHost Build() => throw NotOurs();

    private IConfigurationBuilder Configuration() => context.Configuration as IConfigurationBuilder
        ?? throw new InvalidOperationException(
            "The host's configuration is complete already: expected a host application builder, or new HostBuilder() with "
                + "ConfigureFunctionsWorkerDefaults().");

    private static NotSupportedException NotOurs() => new("The host belongs to the builder of these services: do it there.");
}
