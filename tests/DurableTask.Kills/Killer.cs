namespace Heal.DurableTask.Kills.Tests;

/// <summary>Kills workers at random, and now and then their database. Whatever starts meanwhile does so in step with the kills, so that
/// every kill hits some of it and the last kill comes before the last start.</summary>
/// <param name="crash">Crashes the database and starts it again.</param>
/// <param name="disrupted">Told each process that may have lost what it was doing, when it has; null when nobody wants to know.</param>
internal sealed class Killer(
    KillPlan plan, WorkerProcesses workers, Func<Task> crash, TextWriter output, Func<int, Task>? disrupted = null) : IDisposable
{
    private readonly Random _chance = new(plan.Seed);
    private readonly SemaphoreSlim _mayStart = new(0);
    private int _asides;

    public int Kills { get; private set; }

    public int Crashes { get; private set; }

    /// <summary>How often a worker lost what it was doing.</summary>
    public int Disruptions => Kills + (Crashes * plan.Workers) + _asides;

    public Task MayStartAsync(CancellationToken cancellation) => _mayStart.WaitAsync(cancellation);

    public async Task RunAsync(CancellationToken done)
    {
        // Some start before the first kill, some after each, and the rest only when the last one has come.
        int starts = Math.Max(1, plan.Orchestrations / (plan.Kills + 1));
        _mayStart.Release(starts);
        while (Kills < plan.Kills)
        {
            var pause = plan.ShortestPause + (_chance.NextDouble() * (plan.LongestPause - plan.ShortestPause));
            await Task.Delay(pause, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested)
            {
                break;
            }

            await DisruptAsync(_chance.Next(workers.Count), workers.KillAsync);
            Kills++;
            _mayStart.Release(starts);
            if (Kills % plan.KillsPerCrash == 0)
            {
                int[] all = [.. workers.Ids];
                await crash();
                Crashes++;
                foreach (int process in all)
                {
                    await TellAsync(process);
                }
            }

            await DisturbAsync();
            if (Kills % 50 == 0)
            {
                output.WriteLine($"  {Kills} kills, {Crashes} crashes");
            }
        }

        _mayStart.Release(plan.Orchestrations);
    }

    public void Dispose() => _mayStart.Dispose();

    private async Task DisturbAsync()
    {
        if (Kills % plan.KillsPerRestart == 0)
        {
            _asides++;
            await DisruptAsync(_chance.Next(workers.Count), workers.RestartAsync);
        }

        if (Kills % plan.KillsPerPause == 0)
        {
            _asides++;
            await DisruptAsync(_chance.Next(workers.Count), paused => workers.PauseAsync(paused, plan.WorkerPause));
        }
    }

    private async Task DisruptAsync(int worker, Func<int, Task> how)
    {
        int process = workers.Ids.ElementAt(worker);
        await how(worker);
        await TellAsync(process);
    }

    private Task TellAsync(int process) => disrupted?.Invoke(process) ?? Task.CompletedTask;
}
