using System.Collections.Concurrent;
using System.Diagnostics;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>This assembly once more, or the same program on an older engine, in a process of its own.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _gone;
    private readonly Action<string> _said;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _answers = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();

    /// <param name="assembly">Null for this one.</param>
    /// <param name="said">Told each line that it says, but for answers.</param>
    public WorkerProcess(string? assembly, string[] arguments, Action<string> said)
    {
        _said = said;
        var start = new ProcessStartInfo("dotnet", [assembly ?? typeof(WorkerProcess).Assembly.Location, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        Id = _process.Id;
        _gone = _process.WaitForExitAsync();
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id { get; }

    public bool IsGone => _gone.IsCompleted;

    public async Task KillAsync()
    {
        _process.Kill();
        await _gone;
        _process.Dispose();
    }

    /// <summary>Closes its input: it drains and ends.</summary>
    public async Task StopAsync()
    {
        try
        {
            lock (_writing)
            {
                _process.StandardInput.Close();
            }
        }
        catch (IOException)
        {
            // It is gone already, with a line that it did not read.
        }

        await _gone;
        _process.Dispose();
    }

    /// <returns>False when it is gone without an answer.</returns>
    public async Task<bool> AskAsync(string line, string answer)
    {
        var answered = _answers.GetOrAdd(answer, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            lock (_writing)
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            // Its end of the pipe is closed, or this one.
            return false;
        }

        await Task.WhenAny(answered.Task, _gone);
        return answered.Task.IsCompleted;
    }

    /// <summary>CPU time and memory.</summary>
    public (TimeSpan Cpu, long Bytes) Use()
    {
        _process.Refresh();
        return (_process.TotalProcessorTime, _process.WorkingSet64);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is not null && _answers.TryRemove(line, out var answered))
        {
            answered.SetResult();
        }
        else if (line is not null)
        {
            _said(line);
        }
    }
}
