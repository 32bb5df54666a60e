using Heal.Shared.Tests.Programs;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>The side effects of activities, in a table of their own: one line for each time that one ran.</summary>
internal static class Ledger
{
    public const string HubSchema = "kills_hub";

    private const int MostRounds = 16;

    // As the hub stores it: in the events of a turn, which are one text.
    private const string OutcomeMark = "\"$event\":\"TaskCompleted\"";

    /// <summary>The number of a generated program's effect.</summary>
    public static int NumberOf(Job job) => (job.Node * MostRounds) + job.Round;

    public static Job JobOf(int number) => new(number / MostRounds, number % MostRounds);

    public static async Task CreateAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(
            "CREATE TABLE effects (id bigserial, order_id text NOT NULL, number int NOT NULL, process int NOT NULL)");
        await command.ExecuteNonQueryAsync();
    }

    public static async Task RecordAsync(NpgsqlDataSource source, string order, int number)
    {
        await using var command = source.CreateCommand("INSERT INTO effects (order_id, number, process) VALUES ($1, $2, $3)");
        command.Parameters.Add(new() { Value = order });
        command.Parameters.Add(new() { Value = number });
        command.Parameters.Add(new() { Value = Environment.ProcessId });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>How often each effect of each order happened.</summary>
    public static async Task<Dictionary<(string Order, int Number), int>> ReadAsync(NpgsqlDataSource source)
    {
        var effects = new Dictionary<(string, int), int>();
        await using var command = source.CreateCommand("SELECT order_id, number, count(*)::int FROM effects GROUP BY order_id, number");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            effects.Add((reader.GetString(0), reader.GetInt32(1)), reader.GetInt32(2));
        }

        return effects;
    }

    /// <summary>How many effects of each process happened again, there or elsewhere: it had begun them, and what came of it was not
    /// stored.</summary>
    public static async Task<Dictionary<int, int>> ReadRepeatedAsync(NpgsqlDataSource source)
    {
        var repeated = new Dictionary<int, int>();
        await using var command = source.CreateCommand(
            "SELECT process, count(*)::int FROM effects e WHERE EXISTS (SELECT FROM effects later "
            + "WHERE (later.order_id, later.number) = (e.order_id, e.number) AND later.id > e.id) GROUP BY process");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            repeated.Add(reader.GetInt32(0), reader.GetInt32(1));
        }

        return repeated;
    }

    /// <summary>
    /// How many effects of a process that was just disrupted may happen again: those of which no outcome is stored, order by order, and
    /// those that others have repeated already.
    /// </summary>
    public static async Task<int> CountInDoubtAsync(NpgsqlDataSource source, int process)
    {
        await using var command = source.CreateCommand($"""
            WITH outcomes AS (
                SELECT coalesce(i.parent_instance_id, i.instance_id) AS order_id,
                       sum((length(h.event) - length(replace(h.event, '{OutcomeMark}', ''))) / {OutcomeMark.Length}) AS stored
                FROM {HubSchema}.history h JOIN {HubSchema}.instances i USING (instance_id)
                GROUP BY 1
            ), begun AS (
                SELECT order_id, count(DISTINCT number) AS effects, count(DISTINCT number) FILTER (WHERE process = $1) AS own,
                       count(*) - count(DISTINCT number) AS repeated
                FROM effects GROUP BY order_id
            )
            SELECT coalesce(sum(least(own, effects - coalesce(stored, 0) + repeated)), 0)::int
            FROM begun LEFT JOIN outcomes USING (order_id)
            """);
        command.Parameters.Add(new() { Value = process });
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
