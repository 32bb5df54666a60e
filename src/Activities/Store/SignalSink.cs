using Heal.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Heal.Activities;

/// <summary>
/// Stores groups of arrived signals over a connection that it keeps, because opening and cleaning one would cost as much as a group.
/// A connection that is found broken (the server was restarted since) is opened anew, once.
/// </summary>
internal sealed class SignalSink(NpgsqlDataSource dataSource, TimeSpan timeout) : ISignalSink
{
    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    private readonly NpgsqlParameter<string[]> _ids = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    private readonly NpgsqlParameter<string[]> _contents = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    private readonly NpgsqlParameter<DateTimeOffset[]> _times = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _command;

    public async Task<IReadOnlySet<string>> StoreAsync(IReadOnlyList<ArrivedSignal> group, CancellationToken cancellationToken)
    {
        _ids.TypedValue = [.. group.Select(signal => signal.Id)];
        _contents.TypedValue = [.. group.Select(signal => signal.Content)];
        _times.TypedValue = [.. group.Select(signal => signal.ReceivedAt.ToUniversalTime())];
        var isKept = _command is not null;
        try
        {
            return await ExecuteAsync(cancellationToken);
        }
        catch (Exception lost) when (isKept && PostgresErrors.IsTransient(lost) && !cancellationToken.IsCancellationRequested)
        {
            // Repeating it is safe: what the lost attempt may have stored is known by its id. It is told as a duplicate then, which is
            // what a sender hears who comes again.
            await CloseAsync();
            return await ExecuteAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async Task<IReadOnlySet<string>> ExecuteAsync(CancellationToken cancellationToken)
    {
        var isDone = false;
        try
        {
            var command = _command ??= await OpenAsync(cancellationToken);
            var stored = new HashSet<string>(StringComparer.Ordinal);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) stored.Add(reader.GetString(0));
            isDone = true;
            return stored;
        }
        finally
        {
            if (!isDone) await CloseAsync();
        }
    }

    private async Task<NpgsqlCommand> OpenAsync(CancellationToken cancellationToken)
    {
        _connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return new NpgsqlCommand(Sql["received_insert"], _connection)
        {
            CommandTimeout = Math.Max(1, (int)timeout.TotalSeconds),
            Parameters = { _ids, _contents, _times },
        };
    }

    private async ValueTask CloseAsync()
    {
        if (_command is { } command)
        {
            command.Parameters.Clear();
            await command.DisposeAsync();
        }

        if (_connection is { } connection) await connection.DisposeAsync();
        (_command, _connection) = (null, null);
    }
}
