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
/// <param name="Unexplained">Processes whose effects happened again more often than what befell them explains.</param>
internal sealed record KillReport(
    int Completed,
    int Kills,
    int Crashes,
    TimeSpan Took,
    IReadOnlyList<string> Wrong,
    IReadOnlyList<string> Missing,
    int Extra,
    int MostExtra,
    IReadOnlyList<string> Unexplained)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Completed} orchestrations completed in {Took.TotalSeconds:F0} s, {Kills} workers killed, PostgreSQL crashed {Crashes} times; "
        + $"{Wrong.Count} wrong, {Missing.Count} effects missing, {Extra} effects more than once (at most {MostExtra} allowed), "
        + $"{Unexplained.Count} processes repeated more than was taken from them");
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
        var inDoubt = new Dictionary<int, int>();
        using var killer = new Killer(plan, workers, postgres.CrashAndStartAsync, output, async process =>
            inDoubt[process] = inDoubt.GetValueOrDefault(process) + await Ledger.CountInDoubtAsync(ledger, process));
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
        var repeated = await Ledger.ReadRepeatedAsync(ledger);
        var report = new KillReport(
            plan.Orchestrations - wrong.Count,
            killer.Kills,
            killer.Crashes,
            Stopwatch.GetElapsedTime(began),
            [.. wrong],
            [.. Missing(effects)],
            effects.Values.Sum(times => times - 1),
            inDoubt.Values.Sum(),
            [.. Unexplained(repeated, inDoubt)]);
        output.WriteLine(report);
        return report;
    }

    /// <summary>What a process had under way when it was killed, or its database crashed, may happen again: what of it was stored may not,
    /// and nothing of a process that nothing happened to.</summary>
    private static IEnumerable<string> Unexplained(IReadOnlyDictionary<int, int> repeated, IReadOnlyDictionary<int, int> inDoubt) =>
        from process in repeated
        let most = inDoubt.GetValueOrDefault(process.Key)
        where process.Value > most
        select $"process {process.Key}: {process.Value} of its effects happened again, expected at most the {most} whose outcome was not "
            + "stored when it was killed, or its database crashed";

    private static string IdOf(int number) => $"order-{number:D6}";

    private IEnumerable<string> Missing(Dictionary<(string Order, int Number), int> effects) =>
        from number in Enumerable.Range(0, plan.Orchestrations)
        from effect in Enumerable.Range(0, Orders.EffectsOf(Orders.KindOf(number)))
        where !effects.ContainsKey((IdOf(number), effect))
        select $"{IdOf(number)}/{effect}";
}
