using Npgsql;

namespace Heal.Postgres;

/// <summary>Positional arguments ($1, $2 ...) for statements, without ceremony. Null becomes SQL null; the server infers its
/// type.</summary>
public static class SqlArguments
{
    /// <summary>A command with its arguments.</summary>
    public static NpgsqlCommand CreateCommand(this NpgsqlConnection connection, string sql, params ReadOnlySpan<object?> arguments)
    {
        var command = new NpgsqlCommand(sql, connection);
        Fill(command.Parameters, arguments);
        return command;
    }

    /// <summary>A command on a pooled connection, with its arguments.</summary>
    public static NpgsqlCommand CreateCommand(this NpgsqlDataSource dataSource, string sql, params ReadOnlySpan<object?> arguments)
    {
        var command = dataSource.CreateCommand(sql);
        Fill(command.Parameters, arguments);
        return command;
    }

    /// <summary>Appends a statement with its arguments to a batch.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> arguments)
    {
        var command = new NpgsqlBatchCommand(sql);
        Fill(command.Parameters, arguments);
        batch.BatchCommands.Add(command);
    }

    private static void Fill(NpgsqlParameterCollection parameters, ReadOnlySpan<object?> arguments)
    {
        foreach (var argument in arguments)
        {
            parameters.Add(new NpgsqlParameter { Value = argument ?? DBNull.Value });
        }
    }
}
