using System.Diagnostics;
using System.Globalization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>What a kill run does. Times are drawn from the seed; what the machine makes of them is its own.</summary>
/// <param name="Kills">How many workers are killed; a crash of PostgreSQL comes after every twentieth.</param>
internal sealed record KillPlan(int Orchestrations, int Kills, int Workers, int Seed, bool Durable, TimeSpan Limit)
{
    public const int KillsPerCrash = 20;

    /// <summary>How many orchestrations are open at a time.</summary>
    public int Open { get; init; } = 200;

    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>What came of it.</summary>
/// <param name="Wrong">Orchestrations that did not end as they must, each with what it came to.</param>
/// <param name="Missing">Effects that never happened.</param>
/// <param name="Extra">How many effects happened once more than they had to.</param>
/// <param name="MostExtra">The most that the faults explain.</param>
internal sealed record KillReport(
    int Completed,
    int Kills,
    int Crashes,
    TimeSpan Took,
    IReadOnlyList<string> Wrong,
    IReadOnlyList<string> Missing,
    int Extra,
    int MostExtra)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Completed} orchestrations completed in {Took.TotalSeconds:F0} s, {Kills} workers killed, PostgreSQL crashed {Crashes} times; "
        + $"{Wrong.Count} wrong, {Missing.Count} effects missing, {Extra} effects more than once (at most {MostExtra} allowed)");
}

/// <summary>Many orchestrations on several workers, which are killed at random, with their database.</summary>
internal sealed class KillRun(KillPlan plan, TextWriter output)
{
    private readonly Random _chance = new(plan.Seed);

    // Orders start in step with the kills, so that every kill hits some and the last kill comes before the last order.
    private readonly SemaphoreSlim _mayStart = new(0);

    public async Task<KillReport> RunAsync()
    {
        output.WriteLine($"kill run: {plan}");
        long began = Stopwatch.GetTimestamp();
        await using var postgres = await OwnPostgres.StartAsync(plan.Durable);
        await using var ledger = NpgsqlDataSource.Create(postgres.ConnectionString);
        await Ledger.CreateAsync(ledger);
        await using var client = await HubClient.StartAsync(postgres.ConnectionString);
        using var workers = new WorkerProcesses(postgres.ConnectionString, plan.Workers);
        using var limit = new CancellationTokenSource(plan.Limit);
        using var done = new CancellationTokenSource();

        var wrong = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var killing = KillAsync(workers, postgres, done.Token);
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, plan.Orchestrations),
                new ParallelOptions { MaxDegreeOfParallelism = plan.Open, CancellationToken = limit.Token },
                async (number, cancellation) =>
                {
                    await _mayStart.WaitAsync(cancellation);
                    var ended = await client.RunAsync(IdOf(number), Orders.KindOf(number), cancellation);
                    if (ended.RuntimeStatus != OrchestrationRuntimeStatus.Completed
                        || ended.ReadOutputAs<int>() != Orders.ResultOf(Orders.KindOf(number)))
                    {
                        wrong.Enqueue($"{ended.InstanceId}: {ended.RuntimeStatus} {ended.SerializedOutput} {ended.FailureDetails}");
                    }
                });
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            output.WriteLine($"Not everything ended within {plan.Limit}. The workers' last words:\n{workers.Log}");
            throw;
        }
        finally
        {
            await done.CancelAsync();
        }

        (int kills, int crashes) = await killing;
        var effects = await Ledger.ReadAsync(ledger);
        var report = new KillReport(
            plan.Orchestrations - wrong.Count,
            kills,
            crashes,
            Stopwatch.GetElapsedTime(began),
            [.. wrong],
            [.. Missing(effects)],
            effects.Values.Sum(times => times - 1),
            (kills + (crashes * plan.Workers)) * WorkerProgram.Concurrency);
        output.WriteLine(report);
        return report;
    }

    private static string IdOf(int number) => $"order-{number:D6}";

    private async Task<(int Kills, int Crashes)> KillAsync(WorkerProcesses workers, OwnPostgres postgres, CancellationToken done)
    {
        int kills = 0;
        int crashes = 0;
        _mayStart.Release(Math.Max(1, plan.Orchestrations / plan.Kills));
        while (kills < plan.Kills)
        {
            var pause = plan.ShortestPause + (_chance.NextDouble() * (plan.LongestPause - plan.ShortestPause));
            await Task.Delay(pause, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested)
            {
                break;
            }

            await workers.KillAsync(_chance.Next(workers.Count));
            kills++;
            _mayStart.Release(Math.Max(1, plan.Orchestrations / plan.Kills));
            if (kills % KillPlan.KillsPerCrash == 0)
            {
                await postgres.CrashAndStartAsync();
                crashes++;
            }

            if (kills % 50 == 0)
            {
                output.WriteLine($"  {kills} kills, {crashes} crashes");
            }
        }

        _mayStart.Release(plan.Orchestrations);
        return (kills, crashes);
    }

    private IEnumerable<string> Missing(Dictionary<(string Order, int Number), int> effects) =>
        from number in Enumerable.Range(0, plan.Orchestrations)
        from effect in Enumerable.Range(0, Orders.EffectsOf(Orders.KindOf(number)))
        where !effects.ContainsKey((IdOf(number), effect))
        select $"{IdOf(number)}/{effect}";
}
