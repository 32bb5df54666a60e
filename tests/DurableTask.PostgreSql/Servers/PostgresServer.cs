using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Heal.DurableTask.PostgreSql.Tests.Servers;

/// <summary>
/// A PostgreSQL server of a test's own, with fsync, to be stopped, crashed, filled up and copied. Its folder lies under the temporary
/// folder, and everything is gone when it is disposed. As root it runs as the package's user 'postgres', because it refuses root.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Database = "postgres";

    /// <summary>In a setting: the server's <see cref="ArchiveFolder"/>.</summary>
    public const string ArchivePlace = "{archive}";
    private static readonly string Programs = FindPrograms();
    private readonly string _home;
    private readonly bool _isMount;
    private IReadOnlyDictionary<string, string> _environment = new Dictionary<string, string>(StringComparer.Ordinal);
    private string[] _settings = [];
    private Process? _process;

    private PostgresServer(string home, bool isMount)
    {
        _home = home;
        _isMount = isMount;
        Port = FreePort();
    }

    public int Port { get; }

    public string DataFolder => Path.Combine(_home, "data");

    /// <summary>A folder that the server may write to, beside its data.</summary>
    public string ArchiveFolder => Path.Combine(_home, "archive");

    public string ConnectionString => ConnectionStringFor("postgres");

    public string ConnectionStringFor(string role) =>
        $"Host=127.0.0.1;Port={Port};Username={role};Database={Database};Maximum Pool Size=10;Timeout=5";

    /// <summary>What the server logged.</summary>
    public string Log => File.ReadAllText(Path.Combine(_home, "log"));

    /// <summary>A new, empty server that runs.</summary>
    /// <param name="megabytes">Put it on a file system of this size.</param>
    /// <param name="environment">Environment variables for the server process.</param>
    public static async Task<PostgresServer> StartAsync(
        int? megabytes = null, IReadOnlyDictionary<string, string>? environment = null, params string[] settings)
    {
        var server = await CreateAsync(megabytes);
        server._environment = environment ?? server._environment;
        server._settings = settings;
        await RunAsync(Path.Combine(Programs, "initdb"), "-D", server.DataFolder, "-U", "postgres", "--auth=trust", "-E", "UTF8",
            "--locale=C", "--no-sync", "--no-instructions");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>A copy of a running server, made as backups are: with pg_basebackup. It does not run yet.</summary>
    /// <param name="isStandby">It will stream from the original until it is promoted.</param>
    public static async Task<PostgresServer> CopyAsync(PostgresServer original, bool isStandby)
    {
        var server = await CreateAsync(megabytes: null);
        string[] options =
        [
            "-D", server.DataFolder, "-h", "127.0.0.1", "-p", Text(original.Port), "-U", "postgres", "-c", "fast", "--no-sync",
        ];
        await RunAsync(Path.Combine(Programs, "pg_basebackup"), isStandby ? [.. options, "-R"] : options);
        return server;
    }

    /// <summary>Starts the server and waits until it takes connections.</summary>
    public async Task StartAgainAsync()
    {
        string[] options =
        [
            "-D", DataFolder, "-p", Text(Port), "-k", _home, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=50",
            "-c", "shared_buffers=16MB", "-c", "timezone=UTC", "-c", "max_wal_senders=4",
            .. _settings.SelectMany(setting => new[] { "-c", setting.Replace(ArchivePlace, ArchiveFolder, StringComparison.Ordinal) }),
        ];
        var log = Path.Combine(_home, "log");
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        // The environment is for the server alone, not for those who start it.
        string[] server = [.. _environment.Select(entry => $"{entry.Key}={entry.Value}"), Path.Combine(Programs, "postgres"), .. options];
        foreach (var argument in new[] { "-c", $"exec \"$@\" >>'{log}' 2>&1", "sh" }.Concat(AsServerUser("/usr/bin/env", server)))
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await ScalarAsync<int>("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (!_process.HasExited)
            {
                await Task.Delay(50, deadline.Token);
            }
            catch (NpgsqlException notStarted)
            {
                throw new InvalidOperationException($"The server did not start:\n{Log}", notStarted);
            }
        }
    }

    /// <summary>A fast shutdown: sessions are ended, a checkpoint is written.</summary>
    public Task StopAsync() => EndAsync(Signals.Interrupt);

    /// <summary>An immediate shutdown: as after a power failure, the next start recovers from the log.</summary>
    public Task CrashAsync() => EndAsync(Signals.Quit);

    /// <summary>Makes a standby the primary.</summary>
    public async Task PromoteAsync() => Assert.True(await ScalarAsync<bool>("SELECT pg_promote()"));

    /// <summary>Changes a setting that needs no restart.</summary>
    public async Task ConfigureAsync(string setting, string value)
    {
        await ExecuteAsync($"ALTER SYSTEM SET {setting} = '{value}'");
        await ExecuteAsync("SELECT pg_reload_conf()");
    }

    /// <summary>Cuts every other connection.</summary>
    public Task EndSessionsAsync() => ExecuteAsync(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");

    /// <summary>Leaves no room on the server's file system.</summary>
    public async Task FillDiskAsync()
    {
        var free = new DriveInfo(_home).AvailableFreeSpace;
        await RunAsync("/usr/bin/fallocate", "-l", free.ToString(CultureInfo.InvariantCulture), Ballast);
    }

    /// <summary>Makes room again; a server that gave up meanwhile is started.</summary>
    public async Task FreeDiskAsync()
    {
        File.Delete(Ballast);
        if (_process!.HasExited)
        {
            await StartAgainAsync();
        }
    }

    private string Ballast => Path.Combine(_home, "ballast");

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Prepares a copy for a recovery from an archive up to a named moment.</summary>
    public async Task RecoverAsync(string archive, string moment)
    {
        _settings =
        [
            .. _settings, $"restore_command=cp {archive}/%f %p", $"recovery_target_name={moment}", "recovery_target_action=promote",
        ];
        await RunAsync("/usr/bin/touch", Path.Combine(DataFolder, "recovery.signal"));
    }

    /// <summary>Runs psql on the server, which stops at the first error.</summary>
    /// <param name="sessionSettings">For PGOPTIONS.</param>
    public Task<string> PsqlAsync(string[] arguments, string sessionSettings) => RunAsRunnerAsync(
        "env",
        [
            $"PGOPTIONS={sessionSettings}", Path.Combine(Programs, "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
            "-p", Text(Port), "-U", "postgres", "-d", Database, .. arguments,
        ]);

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await CrashAsync();
        }

        _process?.Dispose();
        if (_isMount)
        {
            await RunAsRunnerAsync("umount", "-l", _home);
        }

        Directory.Delete(_home, recursive: true);
    }

    private static async Task<PostgresServer> CreateAsync(int? megabytes)
    {
        var home = Path.Combine(Path.GetTempPath(), "heal-postgres-" + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(home);
        if (megabytes is { } size)
        {
            await RunAsRunnerAsync("mount", "-t", "tmpfs", "-o", $"size={Text(size)}m", "tmpfs", home);
        }

        Directory.CreateDirectory(Path.Combine(home, "archive"));
        if (System.Environment.IsPrivilegedProcess)
        {
            await RunAsRunnerAsync("chown", "-R", "postgres:postgres", home);
        }

        return new PostgresServer(home, megabytes is not null);
    }

    private async Task EndAsync(int signal)
    {
        Signals.Send(_process!.Id, signal);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(deadline.Token);
    }

    private static Task<string> RunAsync(string program, params string[] arguments)
    {
        string[] command = AsServerUser(program, arguments);
        return RunAsRunnerAsync(command[0], command[1..]);
    }

    private static string[] AsServerUser(string program, string[] arguments) => System.Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", program, .. arguments]
        : [program, .. arguments];

    private static async Task<string> RunAsRunnerAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        using var process = Process.Start(start)!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        string said = string.Join('\n', await output);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{said}");
        return said;
    }

    private static string FindPrograms() =>
        Directory.Exists("/usr/lib/postgresql")
            && Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).FirstOrDefault() is { } newest
            ? Path.Combine(newest, "bin")
            : throw new InvalidOperationException("These tests start PostgreSQL servers of their own, but /usr/lib/postgresql is missing.");

    /// <summary>Below the range that the kernel gives to outgoing connections: it stays free while the server is down.</summary>
    private static int FreePort()
    {
        while (true)
        {
            int port = Random.Shared.Next(21_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
