using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>A PostgreSQL server of this test's own, with default durability, which it may crash and start again.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _programs;
    private readonly DirectoryInfo _home;
    private readonly int _port;
    private readonly bool _durable;
    private Process? _server;

    private OwnPostgres(string programs, DirectoryInfo home, int port, bool durable)
    {
        _programs = programs;
        _home = home;
        _port = port;
        _durable = durable;
    }

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres";

    /// <param name="durable">False without fsync: what is lost is lost only when the machine dies, which no test here does.</param>
    public static async Task<OwnPostgres> StartAsync(bool durable)
    {
        string programs = Directory.GetDirectories("/usr/lib/postgresql")
            .OrderByDescending(folder => folder, StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "bin"))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "postgres")))
            ?? throw new InvalidOperationException("No PostgreSQL programs under /usr/lib/postgresql. Run ./test.sh: it installs them.");
        var home = Directory.CreateTempSubdirectory("heal-kills-");
        await RunAsync("chmod", ["755", home.FullName]);
        if (IsRoot)
        {
            await RunAsync("chown", ["postgres", home.FullName]);
        }

        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var server = new OwnPostgres(programs, home, ((IPEndPoint)port.LocalEndpoint).Port, durable);
        port.Stop();
        await RunAsync(server.AsPostgres("initdb", "--pgdata=" + server.Data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync"));
        await server.LaunchAsync();
        return server;
    }

    /// <summary>SIGQUIT to the server, its crash; then it recovers from its log.</summary>
    public async Task CrashAndStartAsync()
    {
        Signals.Send(ServerProcess, Signals.Quit);
        await _server!.WaitForExitAsync();
        await LaunchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { HasExited: false } running)
        {
            Signals.Send(ServerProcess, Signals.Quit);
            await running.WaitForExitAsync();
        }

        _server?.Dispose();
        _home.Delete(recursive: true);
    }

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => Path.Combine(_home.FullName, "data");

    // setpriv replaces itself by the server, so the process that was started is the server.
    private int ServerProcess => _server!.Id;

    private async Task LaunchAsync()
    {
        string[] speed = _durable ? [] : ["-c", "fsync=off", "-c", "full_page_writes=off"];
        _server = Process.Start(AsPostgres("postgres", [
            "-D", Data, "-p", $"{_port}", "-k", _home.FullName, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
            "-c", "timezone=UTC", .. speed]))!;
        _server.OutputDataReceived += (_, _) => { };
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await AnswersAsync())
        {
            limit.Token.ThrowIfCancellationRequested();
            if (_server.HasExited)
            {
                throw new InvalidOperationException($"PostgreSQL ended while it started, exit code {_server.ExitCode}.");
            }

            await Task.Delay(100, limit.Token);
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Root cannot run the server: the package's own user does.</summary>
    private ProcessStartInfo AsPostgres(string program, params string[] arguments)
    {
        string path = Path.Combine(_programs, program);
        var start = IsRoot
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.UseShellExecute = false;
        start.WorkingDirectory = "/";
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return start;
    }

    private static Task RunAsync(string program, string[] arguments) =>
        RunAsync(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });

    private static async Task RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} failed: {await output}{errors}");
        }
    }
}
