using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.DurableTask.Testing;

/// <summary>Runs orchestrations for a test: a worker and a client over one store in memory, in this process.</summary>
public sealed class DurableTaskTestHost : IAsyncDisposable
{
    private readonly IHost _host;

    private DurableTaskTestHost(IHost host)
    {
        _host = host;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
    }

    /// <summary>Starts and watches orchestrations.</summary>
    public DurableTaskClient Client { get; }

    /// <summary>The services that activities and entities get theirs from.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>Starts a host. Dispose it at the end of the test.</summary>
    /// <param name="registry">Adds orchestrators, activities and entities.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    public static async Task<DurableTaskTestHost> StartAsync(
        Action<DurableTaskRegistry> registry, DurableTaskTestHostOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(registry);

        // Without the defaults: a test reads no settings files, environment variables or consoles that it does not ask for.
        HostApplicationBuilder builder = new(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddInMemoryDurableTask(registry);
        if (options?.LoggerFactory is { } loggers)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        }

        options?.ConfigureServices?.Invoke(builder.Services);
        IHost host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
            return new DurableTaskTestHost(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Stops the worker; what runs may finish first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
