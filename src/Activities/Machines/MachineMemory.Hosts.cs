using System.Globalization;
using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>Of hosts, and of guests that may be, or were, started elsewhere.</summary>
internal sealed partial class MachineMemory
{
    public async Task<DateTimeOffset?> HostSeenAsync(string host, CancellationToken cancellationToken) =>
        await RowsAsync("hypervisor_find", row => (DateTimeOffset?)row.GetFieldValue<DateTimeOffset>(0), cancellationToken, host)
            is [var at, ..] ? at : null;

    public async Task<Guid?> HostIdentityAsync(string host, CancellationToken cancellationToken) =>
        await RowsAsync("hypervisor_find", row => row.IsDBNull(1) ? (Guid?)null : row.GetGuid(1), cancellationToken, host)
            is [var identity, ..] ? identity : null;

    public Task KeepHostAsync(string host, DateTimeOffset seenAt, Guid? identity, CancellationToken cancellationToken) =>
        WriteAsync("hypervisor_keep", cancellationToken, host, seenAt.ToUniversalTime(), identity);

    public Task KeepDefinitionAsync(MachineDefinition definition, CancellationToken cancellationToken) => WriteAsync(
        "definition_keep", cancellationToken, definition.Host, IdOf(definition.Uuid), definition.Xml, definition.Autostart,
        definition.LocksSeenAt?.ToUniversalTime(), definition.KeptAt.ToUniversalTime());

    public Task ForgetDefinitionAsync(string host, string uuid, CancellationToken cancellationToken) =>
        WriteAsync("definition_forget", cancellationToken, host, IdOf(uuid));

    public Task<IReadOnlyList<MachineDefinition>> DefinitionsOfHostAsync(string host, CancellationToken cancellationToken) => RowsAsync(
        "definitions_of_host",
        row => new MachineDefinition(
            row.GetString(0), row.GetGuid(1).ToString(), row.GetString(2), row.GetBoolean(3), TimeOf(row, 4),
            row.GetFieldValue<DateTimeOffset>(5)),
        cancellationToken, host, MaxOfHost);

    public Task KeepMoveAsync(MachineMove move, CancellationToken cancellationToken) => WriteAsync(
        "move_keep", cancellationToken, move.Host, IdOf(move.Uuid), move.Name, move.Destination, move.Key, move.At.ToUniversalTime(),
        StoreJson.Write(move.Proofs));

    public Task EndMoveAsync(string host, string uuid, DateTimeOffset now, CancellationToken cancellationToken) =>
        WriteAsync("move_end", cancellationToken, host, IdOf(uuid), now.ToUniversalTime());

    public Task<IReadOnlyList<MachineMove>> MovesOfHostAsync(string host, CancellationToken cancellationToken) => RowsAsync(
        "moves_of_host", MoveOf, cancellationToken, host, MaxOfHost);

    // A move whose proofs cannot be read is a move: without it, the copy on the old host would be taken for the guest.
    private MachineMove MoveOf(NpgsqlDataReader row)
    {
        var (host, uuid) = (row.GetString(0), row.GetGuid(1).ToString());
        return new MachineMove(
            host, uuid, row.GetString(2), row.GetString(3), row.GetString(4), row.GetFieldValue<DateTimeOffset>(5),
            unreadable.Read<List<FencingProof>>("machine_move", $"{host} {uuid}", row.GetString(6)) ?? []);
    }

    public async Task<HostMaintenance?> MaintenanceAsync(string host, DateTimeOffset now, CancellationToken cancellationToken) =>
        await RowsAsync(
            "maintenance_find",
            row => new HostMaintenance(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), TimeOf(row, 4),
                row.GetString(5)),
            cancellationToken, host, now.ToUniversalTime()) is [var found, ..] ? found : null;

    public Task BeginMaintenanceAsync(HostMaintenance maintenance, CancellationToken cancellationToken) => WriteAsync(
        "maintenance_begin", cancellationToken, maintenance.Host, maintenance.By, maintenance.Reason,
        maintenance.Since.ToUniversalTime(), maintenance.Until?.ToUniversalTime(), maintenance.Key);

    public Task EndMaintenanceAsync(string host, string key, CancellationToken cancellationToken) =>
        WriteAsync("maintenance_end", cancellationToken, host, key);

    private async Task WriteAsync(string statement, CancellationToken cancellationToken, params object?[] arguments)
    {
        await using var command = database.DataSource.CreateCommand(Sql[statement], arguments);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<T>> RowsAsync<T>(
        string statement, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] arguments)
    {
        await using var command = database.DataSource.CreateCommand(Sql[statement], arguments);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<T>();
        while (await reader.ReadAsync(cancellationToken)) found.Add(read(reader));
        return found;
    }

    private static DateTimeOffset? TimeOf(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    private static Guid IdOf(string uuid) => Guid.Parse(uuid, CultureInfo.InvariantCulture);
}
