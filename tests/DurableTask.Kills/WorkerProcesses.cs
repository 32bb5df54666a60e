using System.Collections.Concurrent;
using System.Diagnostics;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>A number of worker processes; a supervisor starts a new one for each that is gone.</summary>
internal sealed class WorkerProcesses : IDisposable
{
    private const int LinesKept = 400;

    private readonly string _connectionString;
    private readonly Process[] _processes;
    private readonly ConcurrentQueue<string> _log = new();

    public WorkerProcesses(string connectionString, int count)
    {
        _connectionString = connectionString;
        _processes = [.. Enumerable.Range(0, count).Select(_ => Launch())];
    }

    public int Count => _processes.Length;

    /// <summary>What the processes said last.</summary>
    public string Log => string.Join('\n', _log);

    public IEnumerable<int> Ids => _processes.Select(process => process.Id);

    /// <summary>SIGKILL: no handler runs, nothing is given back. The next one starts at once.</summary>
    public async Task KillAsync(int index)
    {
        _processes[index].Kill();
        await _processes[index].WaitForExitAsync();
        _processes[index].Dispose();
        _processes[index] = Launch();
    }

    /// <summary>CPU time and memory of those that run now.</summary>
    public (TimeSpan Cpu, long Bytes) Use()
    {
        foreach (var process in _processes)
        {
            process.Refresh();
        }

        return (_processes.Aggregate(TimeSpan.Zero, (sum, process) => sum + process.TotalProcessorTime),
            _processes.Sum(process => process.WorkingSet64));
    }

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(WorkerProcesses).Assembly.Location, "worker", _connectionString])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _log.Enqueue(line);
            while (_log.Count > LinesKept)
            {
                _log.TryDequeue(out _);
            }
        }
    }
}
