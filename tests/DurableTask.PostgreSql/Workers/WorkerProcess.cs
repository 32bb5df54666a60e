using System.Collections.Concurrent;
using System.Diagnostics;
using Heal.DurableTask.PostgreSql.Tests.Servers;

namespace Heal.DurableTask.PostgreSql.Tests.Workers;

/// <summary>A worker in a process of its own: this very assembly, started as a program.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    public const string Ready = "ready";
    public const string Holding = "holding ";

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource Seen)> _waits = [];

    private WorkerProcess(Process process) => _process = process;

    /// <summary>Everything that the process has said.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts the process; <see cref="UntilReadyAsync"/> waits for it.</summary>
    public static WorkerProcess Launch(WorkerSettings settings, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(WorkerProcess).Assembly.Location])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        settings.WriteTo(start.Environment);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var worker = new WorkerProcess(Process.Start(start)!);
        worker._process.OutputDataReceived += (_, line) => worker.Hear(line.Data);
        worker._process.ErrorDataReceived += (_, line) => worker.Hear(line.Data);
        worker._process.BeginOutputReadLine();
        worker._process.BeginErrorReadLine();
        return worker;
    }

    public static async Task<WorkerProcess> StartAsync(
        WorkerSettings settings, CancellationToken deadline, IReadOnlyDictionary<string, string>? environment = null)
    {
        WorkerProcess worker = Launch(settings, environment);
        await worker.UntilReadyAsync(deadline);
        return worker;
    }

    public Task UntilReadyAsync(CancellationToken deadline) => OrSayWhyAsync(_ready.Task, "be ready", deadline);

    /// <summary>Waits until the step of this orchestration is held.</summary>
    public Task UntilHoldingAsync(string instanceId, CancellationToken deadline) =>
        UntilSaidAsync(line => line == Holding + instanceId, $"hold {instanceId}", deadline);

    /// <summary>Waits for a line that contains the words; it may have come already.</summary>
    public Task UntilSaidAsync(string words, CancellationToken deadline) =>
        UntilSaidAsync(line => line.Contains(words, StringComparison.Ordinal), $"say '{words}'", deadline);

    /// <summary>Lets the steps that are held go on.</summary>
    public async Task ReleaseAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>SIGKILL: no handler runs, nothing is given back.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: the process stands still, its connections stay open.</summary>
    public void Pause() => Signals.Send(_process.Id, Signals.Stop);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Signals.Send(_process.Id, Signals.Continue);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private async Task UntilSaidAsync(Func<string, bool> wanted, string what, CancellationToken deadline)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_lines.Any(wanted))
            {
                return;
            }

            _waits.Add((wanted, seen));
        }

        await OrSayWhyAsync(seen.Task, what, deadline);
    }

    private async Task OrSayWhyAsync(Task task, string what, CancellationToken deadline)
    {
        Task ended = _process.WaitForExitAsync(deadline);
        if (await Task.WhenAny(task, ended) != task)
        {
            throw new InvalidOperationException($"The worker did not {what}. It said:\n{Output}");
        }
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_gate)
        {
            _lines.Enqueue(line);
            foreach (var wait in _waits.Where(wait => wait.Wanted(line)).ToArray())
            {
                _waits.Remove(wait);
                wait.Seen.TrySetResult();
            }
        }

        if (line == Ready)
        {
            _ready.TrySetResult();
        }
    }
}
