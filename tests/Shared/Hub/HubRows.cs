using Npgsql;

namespace Heal.Shared.Tests;

/// <summary>
/// What every row of a hub's instances keeps to. Checks in the table would cost each turn a sixth of its time (decision 32), so it is
/// looked at where hubs have been at work: after tests and after kills.
/// </summary>
internal static class HubRows
{
    private const string Schemas =
        "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        + "WHERE c.relname = 'instances' AND c.relkind = 'r' "
        + "AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'resident_at')";

    private static readonly Dictionary<string, string> Rules = new(StringComparer.Ordinal)
    {
        ["an id has 1 to 512 characters"] = "length(instance_id) BETWEEN 1 AND 512",
        ["the status is known"] = "status BETWEEN 0 AND 7",
        ["a lock has an end"] = "locked_by IS NULL OR locked_until IS NOT NULL",
        ["ended instances, and only these, say when"] = "(status IN (1, 3, 4, 5)) = (completed_at IS NOT NULL)",
        ["ended instances are not locked"] = "completed_at IS NULL OR locked_by IS NULL",
        ["a start without a message is in a worker's memory"] = "start IS NULL OR resident_at IS NOT NULL",
    };

    /// <summary>Throws for the first row that breaks a rule, in whichever schema of the database.</summary>
    public static async Task CheckAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        foreach (string schema in await ReadAsync(source, Schemas))
        {
            foreach ((string rule, string holds) in Rules)
            {
                if (await ReadAsync(source, $"SELECT row_to_json(i)::text FROM {schema}.instances i WHERE NOT ({holds}) LIMIT 1")
                    is [var row, ..])
                {
                    throw new InvalidOperationException($"Expected of each row of {schema}.instances that {rule}, but there is {row}");
                }
            }
        }
    }

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource source, string query)
    {
        await using NpgsqlCommand command = source.CreateCommand(query);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
