using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Puts a task hub on PostgreSQL into the container. A client and a worker of the same name share one hub object (one pool, one listening
/// connection, one committer). The hub is made ready, migrations included, before the host's other services start, or where
/// <see cref="PostgreSqlTaskHubOptions.RequiredAtStart"/> says so, as soon as it answers.
/// </summary>
public static class PostgreSqlTaskHubExtensions
{
    /// <summary>Lets the client work on a hub in PostgreSQL.</summary>
    /// <param name="configure">Where the hub lives; may be left out when the worker of the same name, or an earlier call, said it.</param>
    public static IDurableTaskClientBuilder UsePostgreSql(
        this IDurableTaskClientBuilder builder, Action<PostgreSqlTaskHubOptions>? configure = null)
    {
        builder.Services.AddPostgreSqlTaskHub(builder.Name, configure);
        return builder.UseTaskHub(services => services.GetRequiredKeyedService<PostgreSqlTaskHub>(builder.Name));
    }

    /// <summary>Lets the worker work on a hub in PostgreSQL.</summary>
    /// <param name="configure">Where the hub lives; may be left out when the client of the same name, or an earlier call, said it.</param>
    /// <param name="configureWorker">How the worker uses it: leases, sessions, draining.</param>
    public static IDurableTaskWorkerBuilder UsePostgreSql(
        this IDurableTaskWorkerBuilder builder,
        Action<PostgreSqlTaskHubOptions>? configure = null,
        Action<TaskHubWorkerOptions>? configureWorker = null)
    {
        builder.Services.AddPostgreSqlTaskHub(builder.Name, configure);
        return builder.UseTaskHub(services => services.GetRequiredKeyedService<PostgreSqlTaskHub>(builder.Name), configureWorker);
    }

    /// <summary>Adds a hub by name, as a keyed <see cref="PostgreSqlTaskHub"/>; without a name also as the container's
    /// <see cref="ITaskHub"/>.
    /// Several calls for one name configure the same hub.</summary>
    public static IServiceCollection AddPostgreSqlTaskHub(
        this IServiceCollection services, string? name = null, Action<PostgreSqlTaskHubOptions>? configure = null)
    {
        var key = name ?? Options.DefaultName;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PostgreSqlTaskHubOptions>(key).Configure(options => configure?.Invoke(options));
        if (services.Any(service =>
            service.IsKeyedService && service.ServiceType == typeof(PostgreSqlTaskHub) && Equals(service.ServiceKey, key)))
        {
            return services;
        }

        services.AddKeyedSingleton(key, (provider, _) => new PostgreSqlTaskHub(
            provider.GetRequiredService<IOptionsMonitor<PostgreSqlTaskHubOptions>>().Get(key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(provider => new HubStarter(
            provider.GetRequiredKeyedService<PostgreSqlTaskHub>(key),
            provider.GetRequiredService<IOptionsMonitor<PostgreSqlTaskHubOptions>>().Get(key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        if (name is null)
        {
            services.TryAddSingleton<ITaskHub>(provider => provider.GetRequiredKeyedService<PostgreSqlTaskHub>(key));
        }

        return services;
    }
}
