using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>A server under test: an app of this project (<c>child NAME</c>), or any other assembly, on a free port.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const double ClockTicksPerSecond = 100; // USER_HZ: 100 on every Linux that .NET runs on.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;

    private ChildProcess(Process process, int port, string folder, TimeSpan untilReady)
    {
        _process = process;
        _folder = folder;
        Port = port;
        UntilReady = untilReady;
    }

    public int Port { get; }

    /// <summary>From the start of the process to the first good answer of its readiness address.</summary>
    public TimeSpan UntilReady { get; }

    /// <summary>Called with each line that the process prints.</summary>
    public Action<string>? LinePrinted { get; set; }

    /// <summary>Used so far, in user and kernel mode.</summary>
    public TimeSpan Cpu
    {
        get
        {
            string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            double ticks = fields[11..13].Sum(static text => double.Parse(text, CultureInfo.InvariantCulture));
            return TimeSpan.FromSeconds(ticks / ClockTicksPerSecond);
        }
    }

    /// <summary>Resident memory, in megabytes.</summary>
    public double MemoryMegabytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1000;
        }
    }

    /// <summary>Bytes that the app has allocated on its heap in its life.</summary>
    public static async Task<long> AllocatedAsync(HttpClient http) => long.Parse(
        await http.GetStringAsync(new Uri("/api/allocated", UriKind.Relative)), CultureInfo.InvariantCulture);

    public static Task<ChildProcess> StartAppAsync(string name, string readyPath, Dictionary<string, string>? settings = null) =>
        StartAsync([Environment.ProcessPath!, "child", name], readyPath, settings);

    public static async Task<ChildProcess> StartAsync(string[] command, string readyPath, Dictionary<string, string>? settings = null)
    {
        int port = FreePort();
        string folder = Directory.CreateTempSubdirectory("heal-bench-").FullName;
        var start = new ProcessStartInfo(command[0], [.. command[1..], $"--urls=http://127.0.0.1:{port}"])
        {
            UseShellExecute = false,
            // Read by somebody, as by a service manager; what it costs to write is part of the figures.
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(command.Length > 1 && File.Exists(command[1]) ? command[1] : command[0]),
        };
        start.Environment["HEAL_STATE"] = folder;
        foreach ((string name, string value) in settings ?? [])
        {
            start.Environment[name] = value;
        }

        long began = Settings.Time.GetTimestamp();
        Process process = Process.Start(start)!;
        var last = new Queue<string>();
        ChildProcess? started = null;
        process.OutputDataReceived += (_, line) =>
        {
            Keep(last, line.Data);
            Volatile.Read(ref started)?.LinePrinted?.Invoke(line.Data ?? "");
        };
        process.ErrorDataReceived += (_, line) => Keep(last, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await UntilReadyAsync(process, port, readyPath);
        }
        catch (Exception exception)
        {
            process.Kill();
            throw new InvalidOperationException($"'{string.Join(' ', command)}' did not get ready:\n{string.Join('\n', last)}", exception);
        }

        Volatile.Write(ref started, new(process, port, folder, Settings.Time.GetElapsedTime(began)));
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Keep(Queue<string> last, string? line)
    {
        lock (last)
        {
            last.Enqueue(line ?? "");
            if (last.Count > 20)
            {
                last.Dequeue();
            }
        }
    }

    private static async Task UntilReadyAsync(Process process, int port, string path)
    {
        byte[] request = RawConnection.Get(path);
        long began = Settings.Time.GetTimestamp();
        while (true)
        {
            try
            {
                using var connection = new RawConnection();
                await connection.ConnectAsync(port);
                if (await connection.SendAsync(request) == (int)HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (Exception notYet) when (notYet is SocketException or IOException)
            {
                // Not listening yet.
            }

            if (process.HasExited || Settings.Time.GetElapsedTime(began) > StartLimit)
            {
                throw new TimeoutException(process.HasExited ? "It ended." : $"Not within {StartLimit}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), Settings.Time);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
