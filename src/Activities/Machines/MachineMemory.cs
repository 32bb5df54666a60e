using System.Globalization;
using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>Keeps it in PostgreSQL, one row per domain and one per host.</summary>
internal sealed partial class MachineMemory(HealDatabase database, UnreadableRows unreadable) : IMachineMemory
{
    private const int MaxNamed = 100;
    private const int MaxOfHost = 10_000;

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<MachineRecord?> FindAsync(string host, string uuid, CancellationToken cancellationToken) =>
        await ReadAsync("machine_find", [host, Guid.Parse(uuid, CultureInfo.InvariantCulture)], cancellationToken) is [var found] ? found
            : null;

    public Task<IReadOnlyList<MachineRecord>> NamedAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync("machine_named", [name, MaxNamed], cancellationToken);

    public Task<IReadOnlyList<MachineRecord>> OfHostAsync(string host, CancellationToken cancellationToken) =>
        ReadAsync("machine_of_host", [host, MaxOfHost], cancellationToken);

    public async Task KeepAsync(IReadOnlyList<MachineRecord> seen, CancellationToken cancellationToken)
    {
        if (seen.Count == 0) return;
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var row in seen)
        {
            batch.Add(
                Sql["machine_keep"], row.Host, Guid.Parse(row.Uuid, CultureInfo.InvariantCulture), row.Name, row.State, row.Reason,
                    row.RunId,
                row.RanAt?.ToUniversalTime(), row.StoppedBy, StoreJson.Write(row.Events), row.SeenAt.ToUniversalTime());
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ForgetAsync(string host, IReadOnlyList<string> uuids, CancellationToken cancellationToken)
    {
        if (uuids.Count == 0) return;
        Guid[] ids = [.. uuids.Select(uuid => Guid.Parse(uuid, CultureInfo.InvariantCulture))];
        await using var command = database.DataSource.CreateCommand(Sql["machine_forget"], host, ids);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<MachineRecord>> ReadAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql[statement], arguments);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<MachineRecord>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (host, uuid) = (reader.GetString(0), reader.GetGuid(1).ToString());
            found.Add(new MachineRecord(
                host, uuid, reader.GetString(2), reader.GetString(3), reader.GetString(4),
                reader.IsDBNull(5) ? null : reader.GetInt32(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                reader.IsDBNull(7) ? null : reader.GetString(7),
                unreadable.Read<List<MachineEvent>>("machine", $"{host} {uuid}", reader.GetString(8)) ?? MachineRecord.NoEvents,
                reader.GetFieldValue<DateTimeOffset>(9)));
        }

        return found;
    }
}
