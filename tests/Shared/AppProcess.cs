using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Heal.Shared.Tests;

/// <summary>A function app as its own process, started, killed and started again as an operator would.</summary>
internal class AppProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly string _assembly;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    /// <param name="assembly">Path of the app's assembly; its folder is where the app starts, and looks for host.json.</param>
    /// <param name="settings">Environment variables.</param>
    public AppProcess(string assembly, IReadOnlyDictionary<string, string> settings)
    {
        _assembly = assembly;
        _settings = settings;
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
        Http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    public Uri Url { get; }

    public HttpClient Http { get; }

    public int Kills { get; private set; }

    /// <summary>Called with every line that the process prints, while it prints it.</summary>
    public Action<string> LinePrinted { get; set; } = _ => { };

    /// <summary>The last lines that the process printed, for messages of failed assertions.</summary>
    public string Log => string.Join('\n', _log.TakeLast(150));

    public IEnumerable<string> LogLines => _log;

    public async Task StartAsync()
    {
        Launch();
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await IsReadyAsync(limit.Token))
        {
            if (_process is not { HasExited: false })
            {
                throw new InvalidOperationException($"The app ended during its start:\n{Log}");
            }

            await Task.Delay(50, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (limit.IsCancellationRequested)
            {
                _process.Kill();
                throw new TimeoutException($"The app was not ready within {StartLimit}:\n{Log}");
            }
        }
    }

    /// <summary>Completes when the process that runs now has ended; at once when none runs.</summary>
    public Task WaitForExitAsync() => _process is { HasExited: false } running ? running.WaitForExitAsync() : Task.CompletedTask;

    /// <summary>Starts the process without waiting until it is ready.</summary>
    public void Launch()
    {
        var start = new ProcessStartInfo("dotnet", [_assembly, "--urls", Url.ToString()])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(_assembly),
        };
        start.Environment.Remove("KUBECONFIG");
        foreach ((string name, string value) in _settings)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    /// <returns>False when nothing was running.</returns>
    public bool Kill()
    {
        if (_process is not { HasExited: false } running)
        {
            return false;
        }

        running.Kill();
        // With a limit: the form without one waits for the end of the output, which the caller may be reading.
        running.WaitForExit(TimeSpan.FromSeconds(10));
        Kills++;
        return true;
    }

    /// <summary>SIGSTOP: the process stands still, its connections stay open.</summary>
    public void Halt() => Send("STOP");

    /// <summary>SIGCONT: it goes on where it stood.</summary>
    public void Resume() => Send("CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } running)
        {
            running.Kill();
            await running.WaitForExitAsync();
        }

        _process?.Dispose();
        Http.Dispose();
    }

    /// <summary>A port that stays free while a killed app is down: below the range that the kernel gives to outgoing connections.</summary>
    public static int FreePort()
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

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await Http.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    // .NET itself only sends SIGKILL.
    private void Send(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process!.Id}"]);
        kill.WaitForExit();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"SIG{signal} could not be sent to the app's process {_process.Id}.");
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _log.Enqueue(line);
        while (_log.Count > 5_000)
        {
            _log.TryDequeue(out _);
        }

        LinePrinted(line);
    }
}
