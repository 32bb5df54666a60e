using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The hub's connections and statements, as its parts share them.</summary>
internal sealed class HubDatabase(PostgreSqlTaskHubOptions options, ILoggerFactory? loggerFactory) : IAsyncDisposable
{
    public static readonly SqlStatements Sql = SqlStatements.Of<HubDatabase>();

    /// <summary>
    /// Every statement of the hub is made to walk indexes and to stop early. The planner cannot know that: with a prepared statement's
    /// unknown LIMIT, or with statistics from when the tables were small, it would rather read and sort the whole inbox.
    /// </summary>
    private const string PlannerSettings =
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off";

    /// <summary>
    /// What a machine that died, or a process that hangs, in the middle of a transaction had locked is free again after at most 25 s:
    /// shorter than the default lease, so that the lease rules.
    /// </summary>
    private const string DeathSettings =
        "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=25000 "
        + "-c idle_in_transaction_session_timeout=25000";

    /// <summary>For statements and transactions that leave nothing behind in their session: it is not reset between two uses, which would
    /// be seven statements for each.</summary>
    public NpgsqlDataSource DataSource { get; } =
        CreateDataSource(options, loggerFactory, static settings => settings.NoResetOnClose = true);

    /// <summary>For what leaves something behind (a lock, a setting, a channel): it ends with its connection.</summary>
    public NpgsqlDataSource SessionSource { get; } =
        CreateDataSource(options, loggerFactory, static settings => settings.Pooling = false);

    public PostgreSqlTaskHubOptions Options { get; } = options;

    /// <summary>The channel that the hub's processes tell each other news on.</summary>
    public string Channel => Options.Schema;

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await SessionSource.DisposeAsync();
    }

    /// <summary>A source of connections that are set as the hub's statements expect it.</summary>
    public static NpgsqlDataSource CreateDataSource(
        PostgreSqlTaskHubOptions options, ILoggerFactory? loggerFactory, Action<NpgsqlConnectionStringBuilder>? adjust = null) =>
        PostgresDataSource.Create(
            options.ConnectionString, options.Schema, "durable-task-hub", options.CommandTimeout, loggerFactory,
            $"{PlannerSettings} {DeathSettings}", adjust);

    /// <summary>Runs statements in one transaction and one round trip.</summary>
    /// <param name="read">Reads the results of those statements that return rows.</param>
    public async Task<T> BatchAsync<T>(
        Action<NpgsqlBatch> fill, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var connection = await DataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        fill(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var result = await read(reader);
        // Errors of later statements arrive only when their results are asked for.
        while (await reader.NextResultAsync(cancellationToken))
        {
        }

        return result;
    }

    public async Task<List<T>> QueryAsync<T>(
        string statement, object?[] arguments, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(Sql[statement], arguments);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAllAsync(reader, row, cancellationToken);
    }

    /// <summary>True when the statement returned or changed a row.</summary>
    public async Task<bool> AnyAsync(string statement, object?[] arguments, CancellationToken cancellationToken) =>
        (await QueryAsync(statement, arguments, _ => true, cancellationToken)).Count > 0;

    public static async Task<List<T>> ReadAllAsync<T>(
        NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
