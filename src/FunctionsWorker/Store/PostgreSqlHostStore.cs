using Heal.Postgres;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>
/// The store for any number of hosts: a schema of its own beside the task hub's. Each method is one statement, and makes the schema ready
/// first if that could not be done at the start.
/// </summary>
internal sealed partial class PostgreSqlHostStore(string connectionString, string schema, TimeProvider time, ILoggerFactory loggers)
    : IHostStore, ITraceStore, IAsyncDisposable
{
    /// <summary>Connections of a host; timers, keys and traces need few.</summary>
    private const int MaxConnections = 4;

    /// <summary>For one statement: shorter than a lease, so that a server that hangs is noticed within it.</summary>
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    private static readonly SqlStatements Sql = SqlStatements.Of<PostgreSqlHostStore>();

    private readonly NpgsqlDataSource _source = PostgresDataSource.Create(
        connectionString, schema, "function-host", CommandTimeout, adjust: static settings =>
        {
            settings.MinPoolSize = 0;
            settings.MaxPoolSize = MaxConnections;
        });

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _disposing = new();
    private readonly ILogger _logger = loggers.CreateLogger<PostgreSqlHostStore>();
    private Task? _ready;
    private int _keysLeftOut;

    public string Place => $"schema '{schema}' in PostgreSQL";

    /// <summary>One attempt at a time, for all who need the store: an attempt that failed is followed by another when somebody asks
    /// again.</summary>
    public Task InitializeAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_ready is null or { IsFaulted: true } or { IsCanceled: true })
            {
                // Nobody's own: who asked first may leave before the others.
                _ready = Task.Run(() => MakeReadyAsync(_disposing.Token), CancellationToken.None);
            }

            return _ready.IsCompletedSuccessfully ? _ready : _ready.WaitAsync(cancellationToken);
        }
    }

    public bool IsAway(Exception thrown) => PostgresErrors.IsTransient(thrown);

    public async Task EnterAsync(TimerEntry entry, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = await CommandAsync(
            "timer_enter",
            [entry.Function, entry.Schedule, entry.Next, entry.Now, entry.LeaveOutBefore, ITimerStore.ClockTolerance],
            cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public Task<TimerState?> ReadAsync(string function, CancellationToken cancellationToken) => FirstAsync(
        static row => new TimerState(
            row.GetString(0), TimeOf(row, 1), TimeOf(row, 2), row.GetFieldValue<DateTimeOffset>(3), row.GetInt64(4),
            row.IsDBNull(5) ? null : row.GetFieldValue<TimeSpan>(5), row.GetFieldValue<DateTimeOffset>(6)),
        "timer_read", [function], cancellationToken);

    public Task<TimerClaim?> ClaimAsync(TimerBid bid, CancellationToken cancellationToken) => FirstAsync(
        static row => new TimerClaim(row.GetInt64(0), TimeOf(row, 1), TimeOf(row, 2), row.GetFieldValue<DateTimeOffset>(3)),
        "timer_claim", [bid.Function, bid.Schedule, bid.Due, bid.Owner, bid.Now, bid.Lease, bid.ExpiredFence], cancellationToken);

    public Task<bool> RenewAsync(string function, long fence, TimeSpan lease, CancellationToken cancellationToken) =>
        AnyAsync("timer_renew", [function, fence, lease], cancellationToken);

    public Task<bool> CompleteAsync(TimerOutcome outcome, CancellationToken cancellationToken) => AnyAsync(
        "timer_complete",
        [outcome.Function, outcome.Fence, outcome.Schedule, outcome.Next, outcome.KeepsNext, outcome.Now], cancellationToken);

    public async Task<IReadOnlyList<StoredKey>> ReadKeysAsync(CancellationToken cancellationToken)
    {
        var (keys, leftOut) = (new List<StoredKey>(), 0);
        await using NpgsqlCommand command = await CommandAsync("key_read", [], cancellationToken);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            // A kind that only a newer host knows opens nothing here.
            if (!Enum.TryParse(reader.GetString(0), out KeyKind kind))
            {
                leftOut++;
                continue;
            }

            var id = new KeyId(kind, reader.GetString(1), reader.GetString(2));
            keys.Add(new(id, reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<byte[]>(4),
                reader.IsDBNull(5) ? null : reader.GetString(5)));
        }

        if (Interlocked.Exchange(ref _keysLeftOut, leftOut) != leftOut && leftOut > 0)
        {
            Log.KeysLeftOut(_logger, leftOut, Place);
        }

        return keys;
    }

    public async Task<IReadOnlyList<StoredKey>> AddKeysAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken)
    {
        var added = new List<StoredKey>();
        foreach (StoredKey key in keys)
        {
            if (await AnyAsync("key_add", ArgumentsOf(key), cancellationToken))
            {
                added.Add(key);
            }
        }

        return added;
    }

    public async Task<bool> SetKeyAsync(StoredKey key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = await CommandAsync("key_set", ArgumentsOf(key), cancellationToken);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public Task<bool> DeleteKeyAsync(KeyId id, CancellationToken cancellationToken) =>
        AnyAsync("key_delete", [id.Kind.ToString(), id.Function, id.Name], cancellationToken);

    public async Task AddTracesAsync(IReadOnlyList<MessageTrace> traces, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = await CommandAsync(
            "trace_add",
            [traces.Select(static t => t.MessageId).ToArray(), traces.Select(static t => t.Parent).ToArray(),
                traces.Select(static t => t.State).ToArray()],
            cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<MessageTrace>> FindTracesAsync(
        IReadOnlyList<string> messageIds, CancellationToken cancellationToken)
    {
        var found = new List<MessageTrace>();
        await using NpgsqlCommand command = await CommandAsync("trace_find", [messageIds.ToArray()], cancellationToken);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new(reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2)));
        }

        return found;
    }

    public async Task<int> PurgeTracesAsync(TimeSpan olderThan, int maxCount, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = await CommandAsync("trace_purge", [olderThan, maxCount], cancellationToken);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync();
        await _source.DisposeAsync();
        _disposing.Dispose();
    }

    private static object?[] ArgumentsOf(StoredKey key) =>
        [key.Id.Kind.ToString(), key.Id.Function, key.Id.Name, key.Salt, key.Hash, key.Readable];

    private static DateTimeOffset? TimeOf(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    private async Task MakeReadyAsync(CancellationToken cancellationToken)
    {
        await PostgresStartup.WaitUntilReadyAsync(
            _source, time, _logger, timeout: TimeSpan.Zero, cancellationToken);
        await new Migrator(_source, schema, Migration.FromResources<PostgreSqlHostStore>()).MigrateAsync(cancellationToken);
    }

    private async ValueTask<NpgsqlCommand> CommandAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await InitializeAsync(cancellationToken);
        return _source.CreateCommand(Sql[statement], arguments);
    }

    private async Task<T?> FirstAsync<T>(
        Func<NpgsqlDataReader, T> read, string statement, object?[] arguments, CancellationToken cancellationToken)
        where T : class
    {
        await using NpgsqlCommand command = await CommandAsync(statement, arguments, cancellationToken);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? read(reader) : null;
    }

    private async Task<bool> AnyAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = await CommandAsync(statement, arguments, cancellationToken);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static partial class Log
    {
        [LoggerMessage(117, LogLevel.Warning,
            "{Count} keys in {Place} are of a kind that this version does not know, and open nothing here. A newer version wrote them.")]
        public static partial void KeysLeftOut(ILogger logger, int count, string place);
    }
}
