using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>The sample application as a process of its own, with its output.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _printed = new(0);
    private readonly string _root = Directory.CreateTempSubdirectory("function-process-").FullName;
    private readonly Process _process;

    private SampleProcess(string hostJson, Dictionary<string, string> settings, IReadOnlyDictionary<string, string>? environment)
    {
        File.WriteAllText(Path.Combine(_root, "host.json"), hostJson);
        var start = new ProcessStartInfo("dotnet", [typeof(SampleProcess).Assembly.Location])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _root,
        };
        settings.TryAdd("HUB", "");
        settings.TryAdd("HUB_CONNECTION", "");
        settings["urls"] = "http://127.0.0.1:0";
        settings["AzureFunctionsKeys:master"] = TestHost.Master;
        settings["AzureFunctionsKeys:host:default"] = TestHost.HostKey;
        settings["AzureFunctionsKeys:system:durabletask_extension"] = TestHost.SystemKey;
        foreach (string name in TestHost.Listeners)
        {
            settings.TryAdd($"AzureWebJobs.{name}.Disabled", "true");
        }

        foreach ((string name, string value) in settings)
        {
            start.ArgumentList.Add($"--{name}={value}");
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Writes a file below its content root.</summary>
    public void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    /// <summary>Where it listens, as it says itself.</summary>
    public Uri Address => new(Listening().Match(_lines.First(static l => Listening().IsMatch(l))).Value);

    /// <param name="settings">On its command line.</param>
    /// <param name="hostJson">Its host.json.</param>
    /// <param name="environment">Variables beside those of the tests, or in place of them.</param>
    public static async Task<SampleProcess> StartAsync(
        Dictionary<string, string> settings, string hostJson = "{}", IReadOnlyDictionary<string, string>? environment = null)
    {
        var process = new SampleProcess(hostJson, settings, environment);
        await process.UntilPrintedAsync("after the start of the process");
        return process;
    }

    /// <summary>Waits for a line with the text, also one that was printed already.</summary>
    public async Task<string> UntilPrintedAsync(string text)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            if (_lines.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal)) is { } line)
            {
                return line;
            }

            if (_process.HasExited || !await _printed.WaitAsync(TimeSpan.FromSeconds(1)) && limit.IsCancellationRequested)
            {
                // the last lines may still be on their way
                await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return _lines.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal))
                    ?? throw new TimeoutException($"'{text}' was not printed:\n{string.Join('\n', _lines)}");
            }
        }
    }

    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [GeneratedRegex("(?<=listening on: )http://127.0.0.1:[0-9]+")]
    private static partial Regex Listening();

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
            _printed.Release();
        }
    }
}
