using System.Globalization;
using Npgsql;

namespace Heal.Bench.DurableTask;

/// <summary>What one orchestration cost.</summary>
/// <param name="Syncs">Syncs of the write-ahead log: durable commits, of which several may share one.</param>
/// <param name="Commits">Transactions that ended, the server's own statistics; those that only read count too.</param>
/// <param name="WalKilobytes">Written to the write-ahead log, full-page images included.</param>
/// <param name="CpuMilliseconds">Of this process and of all of the server's, in user and kernel mode.</param>
/// <param name="ServerCpuMilliseconds">The server's part of it.</param>
/// <param name="AllocatedKilobytes">By this process, on its heap.</param>
internal sealed record Costs(
    double? Syncs, double? Commits, double WalKilobytes, double CpuMilliseconds, double ServerCpuMilliseconds, double AllocatedKilobytes);

/// <summary>What can be read at once: counters of a moment, and the differences of two.</summary>
/// <param name="Wal">Bytes.</param>
/// <param name="DriverCpu">Milliseconds of this process.</param>
/// <param name="ServerCpu">Milliseconds of all of the server's processes.</param>
/// <param name="Allocated">Bytes.</param>
internal readonly record struct Counters(decimal Wal, double DriverCpu, double ServerCpu, long Allocated)
{
    public Counters Since(Counters before) => new(
        Wal - before.Wal, DriverCpu - before.DriverCpu, ServerCpu - before.ServerCpu, Allocated - before.Allocated);

    /// <summary>These differences as the costs of one of so many.</summary>
    public Costs CostsOf(double? syncs, double? commits, long count) => new(
        syncs,
        commits,
        (double)Wal / 1000 / Math.Max(1, count),
        (DriverCpu + ServerCpu) / Math.Max(1, count),
        ServerCpu / Math.Max(1, count),
        (double)Allocated / 1000 / Math.Max(1, count));
}

/// <summary>
/// A moment's counters. CPU and WAL positions are exact at once. Sessions report commits and syncs late, for certain only at their end:
/// those two are therefore read before the first connection opens and after the last has closed.
/// </summary>
internal sealed class CostMeter(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 1, ApplicationName = "bench-meter" }.ConnectionString);

    private readonly long _clockTicks = 100; // USER_HZ: 100 on every Linux that .NET runs on.
    private int _postmaster;

    public async Task<Counters> ReadExactAsync()
    {
        if (_postmaster == 0)
        {
            _postmaster = ParentOf(await ScalarAsync<int>("SELECT pg_backend_pid()"));
        }

        return new Counters(
            await ScalarAsync<decimal>("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"),
            Milliseconds(Stat(Environment.ProcessId, children: false)),
            Milliseconds(ServerTicks()),
            GC.GetTotalAllocatedBytes());
    }

    public async Task<(long Syncs, long Commits)> ReadReportedAsync() => (
        await ScalarAsync<long>("SELECT wal_sync FROM pg_stat_wal"),
        await ScalarAsync<long>("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"));

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private double Milliseconds(long ticks) => ticks * 1000d / _clockTicks;

    /// <summary>The server's first process with its dead children, and those that live.</summary>
    private long ServerTicks()
    {
        var ticks = Stat(_postmaster, children: true);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && ParentOf(pid) == _postmaster)
            {
                ticks += Stat(pid, children: false);
            }
        }

        return ticks;
    }

    private static int ParentOf(int pid) => Fields(pid) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : -1;

    private static long Stat(int pid, bool children) =>
        Fields(pid) is { } fields
            ? fields[11..(children ? 15 : 13)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture))
            : 0;

    /// <summary>The fields of /proc/PID/stat from the state on; the name before it may hold spaces.</summary>
    private static string[]? Fields(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null; // It ended meanwhile.
        }
    }
}
