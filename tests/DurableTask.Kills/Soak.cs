using System.Diagnostics;
using System.Globalization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>How long a soak lasts, and how it judges.</summary>
/// <param name="WarmUp">What is not judged: caches fill, the runtime compiles, tables reach their size.</param>
/// <param name="RateShare">The share of the measured maximum rate at which orders come.</param>
internal sealed record SoakPlan(TimeSpan Duration, TimeSpan WarmUp, int Workers = 2, double RateShare = 0.5)
{
    /// <summary>How long the maximum rate is measured, with this many orders open.</summary>
    public TimeSpan Measuring { get; init; } = TimeSpan.FromSeconds(20);

    public int OpenWhenMeasuring { get; init; } = 100;

    public TimeSpan Sampling { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ended orders are purged, so that the tables have a size that they keep.</summary>
    public TimeSpan Purging { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Growth is from the first samples after the warm-up to the last samples of all, as many as lie in this time: single ones differ by
    /// a collection more or less.
    /// </summary>
    public TimeSpan Compared { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Of what the workers hold after a collection.</summary>
    public double MostMemoryGrowth { get; init; } = 0.05;

    /// <summary>Of all memory that the workers have: the collector lets its heaps swing by a tenth and more.</summary>
    public double MostResidentGrowth { get; init; } = 0.25;

    /// <summary>Tables with as many rows as before may be so much larger: what autovacuum has not got at yet.</summary>
    public double MostTableGrowth { get; init; } = 0.5;
}

/// <summary>One look at the machine.</summary>
/// <param name="HeldBytes">Of the workers after a collection; zero where none was made.</param>
internal sealed record Sample(
    TimeSpan At, long Done, double PerSecond, long WorkerBytes, long HeldBytes, long Live, long Dead, long TableBytes);

/// <summary>Orders at a steady rate for a long time: memory must stay flat, and tables must not bloat.</summary>
internal sealed class Soak(SoakPlan plan, TextWriter output)
{
    private readonly List<Sample> _samples = [];
    private long _started;
    private long _done;
    private long _failed;

    /// <param name="stop">Ends the soak early; what was seen until then is judged.</param>
    /// <returns>What is not as it must be; empty when all is well.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken stop = default)
    {
        await using var postgres = await OwnPostgres.StartAsync(durable: true);
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        await Ledger.CreateAsync(source);
        await using var client = await HubClient.StartAsync(postgres.ConnectionString);
        using var workers = new WorkerProcesses(postgres.ConnectionString, plan.Workers);
        double most = await MeasureAsync(client, stop);
        double rate = most * plan.RateShare;
        output.WriteLine(Text($"maximum {most:F0} orders/s with {plan.OpenWhenMeasuring} open; now {rate:F0}/s for {plan.Duration}"));
        output.WriteLine("  time     done  per s  workers MB held MB   live rows   dead rows   tables MB");

        using var end = new CancellationTokenSource();
        var purging = PurgeAsync(client, source, end.Token);
        var sampling = SampleAsync(workers, source, end.Token);
        await OrderAsync(client, rate, stop);
        await end.CancelAsync();
        await Task.WhenAll(purging, sampling);
        return [.. Faults()];
    }

    /// <summary>As many orders as will go, a number open at a time.</summary>
    private async Task<double> MeasureAsync(HubClient client, CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, plan.OpenWhenMeasuring).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(began) < plan.Measuring && !stop.IsCancellationRequested)
            {
                await RunOneAsync(client);
            }
        }));
        double rate = _done / Stopwatch.GetElapsedTime(began).TotalSeconds;
        _done = 0;
        return rate;
    }

    private async Task OrderAsync(HubClient client, double rate, CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        var open = new List<Task>();
        long sent = 0;
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < plan.Duration && await TickAsync(tick, stop))
        {
            for (long due = (long)(elapsed.TotalSeconds * rate); sent < due; sent++)
            {
                open.Add(RunOneAsync(client));
            }

            open.RemoveAll(order => order.IsCompletedSuccessfully);
        }

        await Task.WhenAll(open);
    }

    private async Task RunOneAsync(HubClient client)
    {
        long number = Interlocked.Increment(ref _started);
        var kind = Orders.KindOf((int)(number % 5));
        var ended = await client.RunAsync($"soak-{number}", kind, CancellationToken.None);
        bool isRight = ended.RuntimeStatus == OrchestrationRuntimeStatus.Completed && ended.ReadOutputAs<int>() == Orders.ResultOf(kind);
        Interlocked.Increment(ref (isRight ? ref _done : ref _failed));
    }

    private async Task PurgeAsync(HubClient client, NpgsqlDataSource source, CancellationToken end)
    {
        using var tick = new PeriodicTimer(plan.Purging);
        while (await TickAsync(tick, end))
        {
            // Those that ended since the last time may still be read by their waiters: they stay until the next.
            var before = TimeProvider.System.GetUtcNow() - plan.Purging;
            await client.Client.PurgeAllInstancesAsync(
                new PurgeInstancesFilter(CreatedTo: before, Statuses: [OrchestrationRuntimeStatus.Completed]), CancellationToken.None);
            await using var command = source.CreateCommand("TRUNCATE effects");
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private async Task SampleAsync(WorkerProcesses workers, NpgsqlDataSource source, CancellationToken end)
    {
        long began = Stopwatch.GetTimestamp();
        long doneBefore = 0;
        using var tick = new PeriodicTimer(plan.Sampling);
        while (await TickAsync(tick, end))
        {
            await using var command = source.CreateCommand(
                """
                SELECT coalesce(sum(n_live_tup), 0)::bigint, coalesce(sum(n_dead_tup), 0)::bigint,
                       coalesce(sum(pg_total_relation_size(relid)), 0)::bigint
                FROM pg_stat_user_tables WHERE schemaname = $1
                """);
            command.Parameters.Add(new() { Value = Ledger.HubSchema });
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            await reader.ReadAsync(CancellationToken.None);
            long done = Interlocked.Read(ref _done);
            var at = Stopwatch.GetElapsedTime(began);
            long bytes = workers.Use().Bytes;
            bool isCompared = at >= plan.WarmUp && (at < plan.WarmUp + plan.Compared || at >= plan.Duration - plan.Compared);
            var sample = new Sample(
                at,
                done,
                (done - doneBefore) / plan.Sampling.TotalSeconds,
                bytes,
                isCompared ? await workers.HeldAsync() : 0,
                reader.GetInt64(0),
                reader.GetInt64(1),
                reader.GetInt64(2));
            doneBefore = done;
            _samples.Add(sample);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{sample.At.TotalSeconds,6:F0} {done,8} {sample.PerSecond,6:F0} {sample.WorkerBytes / 1e6,11:F0} "
                + $"{sample.HeldBytes / 1e6,7:F0} {sample.Live,11} {sample.Dead,11} {sample.TableBytes / 1e6,11:F0}"));
        }
    }

    private IEnumerable<string> Faults()
    {
        if (_failed > 0)
        {
            yield return $"{_failed} orders did not end as they must";
        }

        var judged = _samples.Where(sample => sample.At >= plan.WarmUp).ToArray();
        // One less: when a tick comes is not exact, and a sample outside of the times that are compared holds no collection.
        int compared = Math.Max(1, (int)(plan.Compared / plan.Sampling) - 1);
        if (judged.Length < 2 * compared)
        {
            yield return $"only {judged.Length} samples after the warm-up of {plan.WarmUp}, {2 * compared} are compared: soak longer";
            yield break;
        }

        foreach ((string what, Func<Sample, long> value, double most) in new (string, Func<Sample, long>, double)[]
        {
            ("the workers' memory after a collection", sample => sample.HeldBytes, plan.MostMemoryGrowth),
            ("all of the workers' memory", sample => sample.WorkerBytes, plan.MostResidentGrowth),
            ("the tables' size", sample => sample.TableBytes, plan.MostTableGrowth),
        })
        {
            double first = Median(judged[..compared], value);
            double last = Median(judged[^compared..], value);
            output.WriteLine(Text($"{what}: {first / 1e6:F0} MB after warm-up, {last / 1e6:F0} MB at the end ({(last / first) - 1:P1})"));
            if (last > first * (1 + most))
            {
                yield return Text($"{what} grew by {(last / first) - 1:P1}, at most {most:P0} expected");
            }
        }
    }

    private static double Median(Sample[] samples, Func<Sample, long> value) =>
        samples.Select(value).Order().ElementAt(samples.Length / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static async Task<bool> TickAsync(PeriodicTimer tick, CancellationToken end)
    {
        try
        {
            return await tick.WaitForNextTickAsync(end);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
