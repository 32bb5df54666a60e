using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>A received signal on its way to its incident.</summary>
/// <param name="Signal">Null when its content cannot be read (any more).</param>
/// <param name="Attempts">How often its routing has failed.</param>
/// <param name="LookedAt">Since when its target is looked at; null: nobody does.</param>
internal sealed record WaitingSignal(
    string Id, Signal? Signal, DateTimeOffset ReceivedAt, int Attempts, DateTimeOffset? LookedAt = null);

/// <summary>A signal whose target is looked at.</summary>
/// <param name="DueAt">When it is asked again what came of that.</param>
internal sealed record LookingSignal(string SignalId, DateTimeOffset DueAt);

/// <param name="DueAt">When it may be tried again; null parks it.</param>
internal sealed record FailedRouting(string SignalId, int Attempts, string Reason, DateTimeOffset? DueAt);

/// <summary>The table of received signals, all but their arrival (<see cref="SignalSink"/>). Every method may be repeated.</summary>
internal sealed class ReceivedSignals(NpgsqlDataSource dataSource, IntakeMetrics metrics, UnreadableRows unreadable) : IReceivedSignals
{
    private const int MaxListed = 500;
    private const int MaxCounted = 100_000;
    private const int PurgedTogether = 5_000;

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    /// <summary>The signals whose turn has come, those that have waited longest first.</summary>
    public async Task<IReadOnlyList<WaitingSignal>> DueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_due"], now.ToUniversalTime(), limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<WaitingSignal>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (signal, _) = StoreJson.TryRead<Signal>(reader.GetString(1));
            due.Add(new WaitingSignal(
                reader.GetString(0), signal, reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt32(3), TimeOrNull(reader, 4)));
        }

        return due;
    }

    /// <summary>When the next one may be tried; null when none waits.</summary>
    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_next"]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? TimeOrNull(reader, 0) : null;
    }

    public async Task RoutedAsync(IReadOnlyList<string> ids, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_routed"], ids.ToArray(), now.ToUniversalTime());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Keeps signals waiting whose target is looked at: when that is lost, they are what it is begun again from.</summary>
    public async Task LookedAtAsync(IReadOnlyList<LookingSignal> looking, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            Sql["received_looked_at"],
            looking.Select(item => item.SignalId).ToArray(),
            looking.Select(item => item.DueAt.ToUniversalTime()).ToArray(),
            now.ToUniversalTime());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task FailedAsync(IReadOnlyList<FailedRouting> failed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            Sql["received_failed"],
            failed.Select(item => item.SignalId).ToArray(),
            failed.Select(item => item.Attempts).ToArray(),
            failed.Select(item => item.Reason).ToArray(),
            failed.Select(item => item.DueAt?.ToUniversalTime()).ToArray(),
            now.ToUniversalTime());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<SignalBacklog> BacklogAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_backlog"], MaxCounted);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var backlog = new SignalBacklog(reader.GetInt64(0), TimeOrNull(reader, 1), reader.GetInt64(2)) { Looking = reader.GetInt64(3) };
        metrics.Set(backlog);
        return backlog;
    }

    public async Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_purge"], before.ToUniversalTime(), PurgedTogether);
        return (int)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<bool> RetryAsync(string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["received_retry"], id, now.ToUniversalTime());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<SignalState?> FindAsync(string id, CancellationToken cancellationToken) =>
        await ReadAsync("received_find", [id], cancellationToken) is [var found] ? found : null;

    public Task<IReadOnlyList<SignalState>> ParkedAsync(CancellationToken cancellationToken) =>
        ReadAsync("received_parked", [MaxListed], cancellationToken);

    public Task<IReadOnlyList<SignalState>> OfIncidentAsync(string incidentId, CancellationToken cancellationToken) =>
        ReadAsync("received_of_incident", [incidentId, MaxListed], cancellationToken);

    private async Task<IReadOnlyList<SignalState>> ReadAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql[statement], arguments);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var read = new List<SignalState>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (dueAt, routedAt, parkedAt) = (TimeOrNull(reader, 2), TimeOrNull(reader, 3), TimeOrNull(reader, 4));
            read.Add(new SignalState(
                reader.GetString(0),
                TextOrNull(reader, 9),
                routedAt is not null ? SignalProgress.Routed : parkedAt is not null ? SignalProgress.Parked
                    : reader.IsDBNull(10) ? SignalProgress.Waiting : SignalProgress.Looking,
                reader.GetFieldValue<DateTimeOffset>(1),
                dueAt,
                routedAt,
                reader.GetInt32(5),
                RouteOf(TextOrNull(reader, 7), reader.GetString(0)),
                TextOrNull(reader, 8),
                TextOrNull(reader, 6)));
        }

        return read;
    }

    private RouteKind? RouteOf(string? route, string signal)
    {
        if (route is null) return null;
        if (Enum.TryParse<RouteKind>(route, out var kind)) return kind;
        unreadable.Tell("incident_signal", signal, $"its route is '{route}'.");
        return null;
    }

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
