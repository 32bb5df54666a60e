using System.Security.Cryptography;
using System.Text;
using Heal.Postgres;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>
/// Which store the host has: PostgreSQL when the connection of the durable functions is configured, else files in the state folder.
/// </summary>
internal static class HostStores
{
    private const string Suffix = "_host";
    private const int HashDigits = 8;

    /// <summary>Registers the store, and what makes it ready before any listener starts. After the task hub, whose server is the
    /// same.</summary>
    public static void Add(IServiceCollection services, HostSettings settings, IConfiguration configuration, List<string> faults)
    {
        Func<TimeProvider, ILoggerFactory, IHostStore> make = Choose(settings, configuration, faults);
        services.AddSingleton(provider => make(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddHostedService<HostStoreStarter>();
    }

    /// <summary>Adds a fault when the connection is configured but no connection string.</summary>
    public static Func<TimeProvider, ILoggerFactory, IHostStore> Choose(
        HostSettings settings, IConfiguration configuration, List<string> faults)
    {
        string setting = settings.Durable.ConnectionStringName;
        if (settings.Durable.Provider != StorageProvider.PostgreSQL
            || SettingReferences.Connection(configuration, setting) is not { } connection)
        {
            return (time, _) => new FileHostStore(settings.StateFolder, time);
        }

        try
        {
            _ = new NpgsqlConnectionStringBuilder(connection);
        }
        catch (ArgumentException exception)
        {
            string fault = $"setting '{setting}': is not an Npgsql connection string: {exception.Message}";
            if (!faults.Contains(fault, StringComparer.Ordinal))
            {
                faults.Add(fault);
            }
        }

        return (time, loggers) => new PostgreSqlHostStore(connection, SchemaOf(settings.Durable.HubName), time, loggers);
    }

    /// <summary><c>{hub}_host</c>; where that is too long for a schema, the hub's first letters and a part of its hash.</summary>
    internal static string SchemaOf(string hub)
    {
        string name = hub.ToLowerInvariant();
        if (name.Length + Suffix.Length > SchemaName.MaxLength)
        {
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashDigits];
            name = $"{name[..(SchemaName.MaxLength - Suffix.Length - HashDigits - 1)]}_{hash}";
        }

        return name + Suffix;
    }
}
