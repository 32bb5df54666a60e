using Heal.Healing;
using Heal.Postgres;

namespace Heal.Activities;

/// <summary>Whether somebody cares for a target already.</summary>
internal interface IOpenIncidents
{
    /// <summary>The latest incident of a target; null when it never had one.</summary>
    Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken);
}

/// <summary>Reads it from the store, without the lock that a join takes: what it says may be over the moment after.</summary>
internal sealed class OpenIncidents(HealDatabase database) : IOpenIncidents
{
    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql["incident_latest"], target.Key);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new LatestIncident(
            reader.GetString(0), reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2),
            reader.IsDBNull(3) ? null : Enum.Parse<OutcomeKind>(reader.GetString(3)));
    }
}
