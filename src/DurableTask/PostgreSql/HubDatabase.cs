using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The hub's connections and statements, as its parts share them.</summary>
internal sealed class HubDatabase(NpgsqlDataSource dataSource, PostgreSqlTaskHubOptions options)
{
    public static readonly SqlStatements Sql = SqlStatements.Of<HubDatabase>();

    public NpgsqlDataSource DataSource { get; } = dataSource;

    public PostgreSqlTaskHubOptions Options { get; } = options;

    /// <summary>The channel that the hub's processes tell each other news on.</summary>
    public string Channel => Options.Schema;

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

    public static async Task<List<T>> ReadAllAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
