using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>What came of it.</summary>
/// <param name="Violations">What does not hold.</param>
/// <param name="Extra">How many activities ran once more than they had to.</param>
/// <param name="MostExtra">The most that the faults explain.</param>
internal sealed record ProgramReport(
    int Programs, int Instances, int Kills, int Crashes, TimeSpan Took, IReadOnlyList<string> Violations, int Extra, int MostExtra)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Programs} programs, {Instances} instances in {Took.TotalSeconds:F0} s, {Kills} workers killed, "
        + $"PostgreSQL crashed {Crashes} times; {Violations.Count} violations, "
        + $"{Extra} activities more than once (at most {MostExtra} allowed)");
}

/// <summary>
/// Generated programs, those of the simulation, on worker processes that are killed, restarted and paused, and a PostgreSQL that crashes.
/// The model says what must come of each. The seed draws programs and faults; what meets what is the machine's doing, so that a run
/// cannot be had a second time: a failure may need its programs run more than once.
/// </summary>
/// <param name="upgrade">Null for workers that all run this version.</param>
internal sealed class ProgramRun(KillPlan plan, TextWriter output, RollingUpgrade? upgrade = null)
{
    private static readonly TimeSpan LongestDriverPause = TimeSpan.FromMilliseconds(100);

    private readonly ProgramSet _set = ProgramSet.Draw(plan.Seed, plan.Orchestrations);
    private readonly ConcurrentQueue<string> _violations = new();

    /// <summary>The command that runs the same programs again.</summary>
    public static string Again(KillPlan plan) => $"eng/kill-test.sh --programs {plan.Orchestrations} {plan.Kills} {plan.Seed}";

    /// <param name="stop">Ends the run early.</param>
    public async Task<ProgramReport> RunAsync(CancellationToken stop = default)
    {
        output.WriteLine($"generated programs: {plan}\nthe same programs again, under other accidents: {Again(plan)}");
        long began = Stopwatch.GetTimestamp();
        await using var postgres = await OwnPostgres.StartAsync(plan.Durable);
        // Without a pool: its connections would not outlive the server's crashes.
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString + ";Pooling=false");
        await Ledger.CreateAsync(source);
        using var workers = new WorkerProcesses(
            plan.Workers,
            launch =>
                ["programs", postgres.ConnectionString, .. new[] { plan.Seed, plan.Orchestrations, launch }.Select(number => $"{number}")],
            upgrade is null ? null : upgrade.AssemblyOf);
        HashSet<string> begun = upgrade is null ? [] : await upgrade.BeginAsync(workers, _set, source);
        await using var client = await HubClient.StartAsync(postgres.ConnectionString);
        await (upgrade?.MigratedAsync(source, begun) ?? Task.CompletedTask);
        using var gate = new ChangeGate();
        using var killer = new Killer(plan, workers, CrashAsync, output);
        await DriveAsync(chance => new HubAccess(client, workers, source, gate, chance) { Begun = begun }, killer, stop);

        var stored = new StoredRun(client, source);
        var left = await stored.SettleAsync();
        left.ForEach(_violations.Enqueue);
        if (upgrade is not null)
        {
            (await upgrade.CheckAsync(workers, source)).ForEach(_violations.Enqueue);
        }

        if (workers.Fallen > 0)
        {
            _violations.Enqueue($"{workers.Fallen} workers ended by themselves");
        }

        (int instances, int extra) = await CheckAsync(stored, killer.Disruptions);
        var report = new ProgramReport(
            _set.Scenarios.Sum(scenario => scenario.Roots.Count),
            instances,
            killer.Kills,
            killer.Crashes,
            Stopwatch.GetElapsedTime(began),
            [.. _violations],
            extra,
            killer.Disruptions * WorkerProgram.Concurrency);
        output.WriteLine(report);
        if (report.Violations.Count > 0)
        {
            output.WriteLine($"{string.Join('\n', report.Violations)}\nThe workers' last words:\n{workers.Log}");
        }

        return report;

        async Task CrashAsync()
        {
            using var closed = await gate.CloseAsync();
            await postgres.CrashAndStartAsync();
        }
    }

    private async Task DriveAsync(Func<Random, HubAccess> accessWith, Killer killer, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(plan.Limit);
        using var done = new CancellationTokenSource();
        var killing = killer.RunAsync(done.Token);

        // Without kills nothing starts any more: an error of theirs ends the run.
        _ = killing.ContinueWith(
            _ => limit.Cancel(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        try
        {
            await Parallel.ForEachAsync(
                _set.Scenarios.Index(),
                new ParallelOptions { MaxDegreeOfParallelism = plan.Open, CancellationToken = limit.Token },
                async (each, cancellation) =>
                {
                    foreach (var _ in each.Item.Roots)
                    {
                        await killer.MayStartAsync(cancellation);
                    }

                    var chance = new Random(plan.Seed + each.Index);
                    var driver = new Driver(accessWith(chance), each.Item, chance, TimeProvider.System, LongestDriverPause);

                    // One thing at a time, as the driver is used to.
                    await Task.Factory.StartNew(
                        driver.RunAsync, cancellation, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler)
                        .Unwrap().WaitAsync(cancellation);
                });
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            _violations.Enqueue($"the client met an error: {failure}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            _violations.Enqueue($"not everything ended within {plan.Limit}");
        }
        finally
        {
            await done.CancelAsync();

            // What it has under way would start processes after their end.
            await killing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await killing;
    }

    /// <returns>How many instances there are, and how many activities ran more often than scheduled.</returns>
    private async Task<(int Instances, int Extra)> CheckAsync(StoredRun stored, int disruptions)
    {
        var instances = await stored.ReadAsync();
        var runs = await stored.RunsAsync();
        var byScenario = instances.Values.ToLookup(instance => RootOf(instances, instance.State.InstanceId), StringComparer.Ordinal);
        int extra = 0;
        foreach (var scenario in _set.Scenarios)
        {
            var own = scenario.Roots.SelectMany(root => byScenario[root.InstanceId])
                .ToDictionary(instance => instance.State.InstanceId, StringComparer.Ordinal);
            var entities = await stored.EntitiesAsync(scenario, own.Values);
            var checks = new FinalChecks(scenario, own, entities.GetValueOrDefault, runs, disruptions, _set.LongestTimer);
            try
            {
                checks.Run();
                extra += checks.Extra;
            }
            catch (Violation violation)
            {
                _violations.Enqueue(violation.Message);
            }
        }

        return (instances.Count, extra);
    }

    /// <summary>The instance that nobody called; one whose caller is missing stands for itself, and misses in the caller's count.</summary>
    private static string RootOf(Dictionary<string, EndedInstance> instances, string id)
    {
        while (instances[id].State.ParentInstanceId is { } parent && instances.ContainsKey(parent))
        {
            id = parent;
        }

        return id;
    }
}
