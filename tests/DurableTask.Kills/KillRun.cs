using System.Diagnostics;
using System.Globalization;
using Heal.Shared.Tests;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

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
    /// <param name="stop">Ends the run early.</param>
    public async Task<KillReport> RunAsync(CancellationToken stop = default)
    {
        output.WriteLine($"kill run: {plan}");
        long began = Stopwatch.GetTimestamp();
        await using var postgres = await OwnPostgres.StartAsync(plan.Durable);
        // Without a pool: its connections would not outlive the server's crashes.
        await using var ledger = NpgsqlDataSource.Create(postgres.ConnectionString + ";Pooling=false");
        await Ledger.CreateAsync(ledger);
        await using var client = await HubClient.StartAsync(postgres.ConnectionString);
        using var workers = new WorkerProcesses(postgres.ConnectionString, plan.Workers);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(plan.Limit);
        using var done = new CancellationTokenSource();

        var wrong = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var killer = new Killer(plan, workers, postgres.CrashAndStartAsync, output);
        var killing = killer.RunAsync(done.Token);
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, plan.Orchestrations),
                new ParallelOptions { MaxDegreeOfParallelism = plan.Open, CancellationToken = limit.Token },
                async (number, cancellation) =>
                {
                    await killer.MayStartAsync(cancellation);
                    var ended = await client.RunAsync(IdOf(number), Orders.KindOf(number), cancellation);
                    if (ended.RuntimeStatus != OrchestrationRuntimeStatus.Completed
                        || ended.ReadOutputAs<int>() != Orders.ResultOf(Orders.KindOf(number)))
                    {
                        wrong.Enqueue($"{ended.InstanceId}: {ended.RuntimeStatus} {ended.SerializedOutput} {ended.FailureDetails}");
                    }
                });
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            output.WriteLine($"Not everything ended within {plan.Limit}. The workers' last words:\n{workers.Log}");
            throw;
        }
        finally
        {
            await done.CancelAsync();

            // What it has under way would start processes after their end.
            await killing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await killing;
        await HubRows.CheckAsync(postgres.ConnectionString);
        var effects = await Ledger.ReadAsync(ledger);
        var report = new KillReport(
            plan.Orchestrations - wrong.Count,
            killer.Kills,
            killer.Crashes,
            Stopwatch.GetElapsedTime(began),
            [.. wrong],
            [.. Missing(effects)],
            effects.Values.Sum(times => times - 1),
            killer.Disruptions * WorkerProgram.Concurrency);
        output.WriteLine(report);
        return report;
    }

    private static string IdOf(int number) => $"order-{number:D6}";

    private IEnumerable<string> Missing(Dictionary<(string Order, int Number), int> effects) =>
        from number in Enumerable.Range(0, plan.Orchestrations)
        from effect in Enumerable.Range(0, Orders.EffectsOf(Orders.KindOf(number)))
        where !effects.ContainsKey((IdOf(number), effect))
        select $"{IdOf(number)}/{effect}";
}
