using Heal.Shared.Tests.Programs;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>The side effects of activities, in a table of their own: one line for each time that one ran.</summary>
internal static class Ledger
{
    public const string HubSchema = "kills_hub";

    private const int MostRounds = 16;

    /// <summary>The number of a generated program's effect.</summary>
    public static int NumberOf(Job job) => (job.Node * MostRounds) + job.Round;

    public static Job JobOf(int number) => new(number / MostRounds, number % MostRounds);

    public static async Task CreateAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(
            "CREATE TABLE effects (order_id text NOT NULL, number int NOT NULL, process int NOT NULL)");
        await command.ExecuteNonQueryAsync();
    }

    public static async Task RecordAsync(NpgsqlDataSource source, string order, int number)
    {
        await using var command = source.CreateCommand("INSERT INTO effects VALUES ($1, $2, $3)");
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
}
