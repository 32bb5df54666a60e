using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Heal.Activities.Tests;

/// <summary>This assembly as a program: a process of its own that is to come to a point of what it was given, and no further.</summary>
internal sealed class DoomedProcess : IAsyncDisposable
{
    /// <summary>What the shell would say of a process that SIGKILL ended: 128 and the signal's number.</summary>
    private const int Killed = 137;

    private const string Reached = "reached";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly JsonSerializerOptions Json =
        new() { PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate, RespectRequiredConstructorParameters = true };

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly List<string> _words = [];

    private DoomedProcess(Process process) =>
        (_process, _errors) = (process, process.StandardError.ReadToEndAsync(CancellationToken.None));

    /// <summary>Starts the process and waits until SIGKILL has ended it; throws with its words when it ended in any other way.</summary>
    /// <param name="kind">See <see cref="Program"/>.</param>
    public static async Task DieAsync<T>(string kind, T work, string what)
    {
        await using var doomed = await StartAsync(kind, work);
        await doomed.EndedAsync();
        Assert.True(doomed._process.ExitCode == Killed, $"{what}: expected a process that was killed, got {await doomed.SaidAsync()}");
    }

    /// <summary>Starts the process behind a command that runs it, as another account for example, and lets it come to its end.</summary>
    /// <returns>The last line that it said.</returns>
    public static async Task<string> SaysAsync<T>(string kind, T work, IReadOnlyList<string> command)
    {
        await using var process = await StartAsync(kind, work, command);
        await process.EndedAsync();
        Assert.True(process._process.ExitCode == 0, await process.SaidAsync());
        return process._words[^1];
    }

    /// <summary>Starts a process that is to be stopped, not ended, at its point; returns once SIGSTOP holds it there.</summary>
    public static async Task<DoomedProcess> StoppedAsync<T>(string kind, T work)
    {
        var paused = await StartAsync(kind, work);
        using var limit = new CancellationTokenSource(Patience);
        while (await paused._process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line == Reached)
            {
                await paused.SendAsync("STOP");
                return paused;
            }

            paused._words.Add(line);
        }

        await paused.EndedAsync();
        throw new InvalidOperationException($"it was to be stopped on its way, got {await paused.SaidAsync()}");
    }

    /// <summary>Lets a stopped process go on to its end.</summary>
    /// <returns>The last line that it said.</returns>
    public async Task<string> GoOnAsync()
    {
        await SendAsync("CONT");
        await _process.StandardInput.WriteLineAsync("go on");
        await _process.StandardInput.FlushAsync();
        await EndedAsync();
        Assert.True(_process.ExitCode == 0, await SaidAsync());
        return _words[^1];
    }

    /// <summary>The process's own side: dies.</summary>
    public static void Die()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>The process's own side: says that it is there, and waits.</summary>
    public static void Wait()
    {
        Console.WriteLine(Reached);
        _ = Console.In.ReadLine();
    }

    /// <summary>The process's own side: what it was given.</summary>
    public static T Given<T>() => JsonSerializer.Deserialize<T>(Console.In.ReadLine()!, Json)!;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<DoomedProcess> StartAsync<T>(string kind, T work, IReadOnlyList<string>? command = null)
    {
        string[] line = [.. command ?? [], "dotnet", typeof(DoomedProcess).Assembly.Location, kind];
        var process = new DoomedProcess(Process.Start(new ProcessStartInfo(line[0], line[1..])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!);
        await process._process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(work, Json));
        await process._process.StandardInput.FlushAsync();
        return process;
    }

    private async Task EndedAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line) _words.Add(line);
        await _process.WaitForExitAsync(limit.Token);
    }

    private async Task<string> SaidAsync() => $"exit {_process.ExitCode}:\n{string.Join('\n', _words)}\n{await _errors}";

    private async Task SendAsync(string signal)
    {
        var (exit, said) = await LibvirtRig.RunAsync("kill", "-s", signal, $"{_process.Id}");
        Assert.True(exit == 0, $"signal {signal} did not reach the process: {said}");
    }
}
