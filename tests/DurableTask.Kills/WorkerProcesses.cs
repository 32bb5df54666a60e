using System.Collections.Concurrent;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>A number of worker processes; a supervisor starts a new one for each that is gone.</summary>
internal sealed class WorkerProcesses : IDisposable
{
    /// <summary>What a worker's answer to a line of its input begins with.</summary>
    public const string Answer = "done: ";

    /// <summary>Asks a worker of orders to give back the memory that it does not need.</summary>
    public const string Collect = "collect";

    private const int LinesKept = 400;

    private readonly Func<int, string[]> _arguments;
    private readonly Func<int, string?> _assembly;
    private readonly WorkerProcess[] _processes;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentDictionary<int, string?> _launched = new();
    private int _launches;

    /// <param name="arguments">Those of the first, the second ... process that is launched.</param>
    /// <param name="assembly">What each of them runs; null for this assembly.</param>
    public WorkerProcesses(int count, Func<int, string[]> arguments, Func<int, string?>? assembly = null)
    {
        _arguments = arguments;
        _assembly = assembly ?? (_ => null);
        _processes = [.. Enumerable.Range(0, count).Select(_ => Launch())];
    }

    public WorkerProcesses(string connectionString, int count)
        : this(count, _ => ["worker", connectionString])
    {
    }

    public int Count => _processes.Length;

    /// <summary>What the processes said last.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>How many ended without being asked to.</summary>
    public int Fallen { get; private set; }

    public IEnumerable<int> Ids => _processes.Select(process => process.Id);

    /// <summary>All processes that were ever launched, by what they run; null for this assembly.</summary>
    public ILookup<string?, int> Launched => _launched.ToLookup(process => process.Value, process => process.Key);

    /// <summary>SIGKILL: no handler runs, nothing is given back. The next one starts at once.</summary>
    public async Task KillAsync(int index)
    {
        CountFallen(index);
        await _processes[index].KillAsync();
        _processes[index] = Launch();
    }

    /// <summary>Lets one drain and end, as at an update, and starts the next one.</summary>
    public async Task RestartAsync(int index)
    {
        CountFallen(index);
        await _processes[index].StopAsync();
        _processes[index] = Launch();
    }

    /// <summary>One stands still for a while: a virtual machine that is moved, a long collection.</summary>
    public async Task PauseAsync(int index, TimeSpan time)
    {
        if (_processes[index].IsGone)
        {
            return;
        }

        Signals.Send(_processes[index].Id, Signals.Stop);
        await Task.Delay(time);
        Signals.Send(_processes[index].Id, Signals.Continue);
    }

    /// <summary>Asks a worker for something.</summary>
    /// <param name="answer">What it says when it has done it.</param>
    /// <returns>False when it is gone without an answer.</returns>
    public Task<bool> AskAsync(int index, string line, string answer) => _processes[index].AskAsync(line, Answer + answer);

    /// <summary>The memory that workers of orders need: what is left after each has given back what it can.</summary>
    public async Task<long> HeldAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, Count).Select(index => AskAsync(index, Collect, Collect)));
        return Use().Bytes;
    }

    /// <summary>CPU time and memory of those that run now.</summary>
    public (TimeSpan Cpu, long Bytes) Use() =>
        _processes.Select(process => process.Use())
            .Aggregate((Cpu: TimeSpan.Zero, Bytes: 0L), (sum, use) => (sum.Cpu + use.Cpu, sum.Bytes + use.Bytes));

    public void Dispose() => Array.ForEach(_processes, process => process.Dispose());

    private void CountFallen(int index) => Fallen += _processes[index].IsGone ? 1 : 0;

    private WorkerProcess Launch()
    {
        int launch = _launches++;
        string? assembly = _assembly(launch);
        var process = new WorkerProcess(assembly, _arguments(launch), Keep);
        _launched[process.Id] = assembly;
        return process;
    }

    private void Keep(string line)
    {
        _log.Enqueue(line);
        while (_log.Count > LinesKept)
        {
            _log.TryDequeue(out _);
        }
    }
}
