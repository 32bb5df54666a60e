using System.Runtime.InteropServices;
using Npgsql;

namespace Heal.Bench;

/// <summary>Where the figures come from: without it they mean nothing.</summary>
internal sealed record Machine(string Cpu, int Cores, string Runtime, string PostgreSql, IReadOnlyDictionary<string, string> Settings)
{
    private static readonly string[] Stated = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "wal_sync_method"];

    public static async Task<Machine> DescribeAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(
            "SELECT name, setting || coalesce(' ' || unit, '') FROM pg_settings WHERE name = ANY ($1)");
        command.Parameters.Add(new NpgsqlParameter { Value = Stated });
        await using var reader = await command.ExecuteReaderAsync();
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            settings.Add(reader.GetString(0), reader.GetString(1));
        }

        await reader.DisposeAsync();
        await using var version = source.CreateCommand("SHOW server_version");
        return new Machine(
            CpuName(), Environment.ProcessorCount, RuntimeInformation.FrameworkDescription,
            (string)(await version.ExecuteScalarAsync())!, settings);
    }

    private static string CpuName()
    {
        const string Info = "/proc/cpuinfo";
        var line = File.Exists(Info)
            ? File.ReadLines(Info).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
