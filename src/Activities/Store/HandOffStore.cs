using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>What people were given, and whether they know.</summary>
internal interface IHandOffs
{
    /// <summary>Keeps a hand-off; a later one of the same incident takes its place.</summary>
    /// <param name="dueAt">When it is tried again to tell people, unless <see cref="DeliveredAsync"/> comes before; null: nobody is to be
    /// told.</param>
    Task RecordAsync(HandOff handOff, DateTimeOffset? dueAt, CancellationToken cancellationToken);

    /// <param name="recordedAt">Which hand-off of the incident people know of: <see cref="HandOff.At"/>.</param>
    Task DeliveredAsync(string incidentId, DateTimeOffset recordedAt, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Those that people do not know of and that are due, the longest due first.</summary>
    Task<IReadOnlyList<UntoldHandOff>> DueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <param name="recordedAt">Which hand-off of the incident it is.</param>
    /// <param name="dueAt">When it is tried again; null: no more.</param>
    Task PostponeAsync(string incidentId, DateTimeOffset recordedAt, DateTimeOffset? dueAt, CancellationToken cancellationToken);
}

/// <param name="RecordedAt">Tells it from a later hand-off of the same incident.</param>
/// <param name="HandOff">Null when this program cannot read it.</param>
internal sealed record UntoldHandOff(string IncidentId, DateTimeOffset RecordedAt, HandOff? HandOff, string? Fault);

/// <summary>The table of hand-offs.</summary>
internal sealed class HandOffStore(NpgsqlDataSource dataSource) : IHandOffs
{
    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public Task RecordAsync(HandOff handOff, DateTimeOffset? dueAt, CancellationToken cancellationToken) => ExecuteAsync(
        "hand_off_record",
        [
            handOff.IncidentId, handOff.Target.Key, handOff.Escalation?.To ?? "nobody in particular", StoreJson.Write(handOff),
            handOff.At.ToUniversalTime(), dueAt?.ToUniversalTime(),
        ],
        cancellationToken);

    public Task DeliveredAsync(
        string incidentId, DateTimeOffset recordedAt, DateTimeOffset now, CancellationToken cancellationToken) => ExecuteAsync(
        "hand_off_delivered", [incidentId, recordedAt.ToUniversalTime(), now.ToUniversalTime()], cancellationToken);

    public async Task<IReadOnlyList<UntoldHandOff>> DueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["hand_off_due"], now.ToUniversalTime(), limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<UntoldHandOff>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (handOff, fault) = StoreJson.TryRead<HandOff>(reader.GetString(1));
            due.Add(new UntoldHandOff(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(2), handOff, fault));
        }

        return due;
    }

    public Task PostponeAsync(
        string incidentId, DateTimeOffset recordedAt, DateTimeOffset? dueAt, CancellationToken cancellationToken) => ExecuteAsync(
        "hand_off_postpone", [incidentId, recordedAt.ToUniversalTime(), dueAt?.ToUniversalTime()], cancellationToken);

    private async Task ExecuteAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql[statement], arguments);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
