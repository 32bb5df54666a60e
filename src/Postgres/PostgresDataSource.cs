using Microsoft.Extensions.Logging;
using Npgsql;

namespace Heal.Postgres;

/// <summary>Builds data sources the way that the statements here expect them.</summary>
public static class PostgresDataSource
{
    /// <summary>How many statements a connection keeps prepared when the connection string does not say; 100.</summary>
    public const int DefaultMaxAutoPrepare = 100;

    /// <summary>How many connections a data source opens at most when the connection string does not say; 20. More wait for a free one
    /// instead of for the server's processors, and several processes fit into the server's own limit of 100.</summary>
    public const int DefaultMaxPoolSize = 20;

    /// <summary>
    /// A data source whose connections see one schema (statements name no schema), prepare what they use often, and time out.
    /// What the connection string sets explicitly (prepare, pool size, timeouts, application name, GSS encryption) is kept.
    /// </summary>
    /// <param name="schema">See <see cref="SchemaName"/>; need not exist yet.</param>
    /// <param name="applicationName">Shown in pg_stat_activity.</param>
    /// <param name="commandTimeout">How long a statement may take; default 30 s.</param>
    /// <param name="serverSettings">Settings for each session, in the form "-c name=value -c name=value"; after those of the connection
    /// string.</param>
    /// <param name="adjust">Has the last word on the settings.</param>
    /// <exception cref="ArgumentException">The connection string or the schema name is not usable. The message does not repeat the
    /// former.</exception>
    public static NpgsqlDataSource Create(
        string connectionString,
        string schema,
        string applicationName,
        TimeSpan? commandTimeout = null,
        ILoggerFactory? loggerFactory = null,
        string? serverSettings = null,
        Action<NpgsqlConnectionStringBuilder>? adjust = null)
    {
        var settings = Parse(connectionString);
        settings.SearchPath = SchemaName.Validate(schema);
        settings.ApplicationName ??= applicationName;
        if (!settings.ShouldSerialize("Max Auto Prepare"))
        {
            settings.MaxAutoPrepare = DefaultMaxAutoPrepare;
        }

        if (!settings.ShouldSerialize("Maximum Pool Size"))
        {
            settings.MaxPoolSize = Math.Max(DefaultMaxPoolSize, settings.MinPoolSize);
        }

        if (!settings.ShouldSerialize("GSS Encryption Mode"))
        {
            // Npgsql would ask for a Kerberos ticket first, at each connection: a tenth of a second, where there is none.
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        if (serverSettings is not null)
        {
            settings.Options = $"{settings.Options} {serverSettings}".TrimStart();
        }

        if (commandTimeout is { } timeout)
        {
            settings.CommandTimeout = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds));
        }

        adjust?.Invoke(settings);

        // Of the kinds of values that the driver knows, only what statements here use: each further one has code that is compiled at start.
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();

        // Types of our own there are none: to read the server's list of all types would only take time at start.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(enable: false));
        if (loggerFactory is not null)
        {
            builder.UseLoggerFactory(loggerFactory);
        }

        return builder.Build();
    }

    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException(
                $"The PostgreSQL connection string is not usable: {exception.Message} "
                + "Expected for example 'Host=localhost;Port=5432;Database=heal;Username=heal;Password=...'.",
                nameof(connectionString),
                exception);
        }
    }
}
