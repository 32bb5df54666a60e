using Npgsql;

namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>
/// Durable starts without a worker: 10,000 calls of ScheduleNew by many callers, through few database connections and through more. A start
/// counts when its call has returned.
/// </summary>
internal static class Intake
{
    private const int Callers = 200;

    public static async Task RunAsync(Settings settings, Report report)
    {
        var count = settings.Count(10_000, 2_000);
        foreach (var connections in new[] { 5, 20, 100 })
        {
            var schema = Engine.NewSchema("intake");
            var limited = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { MaxPoolSize = connections }.ConnectionString;
            await using (var engine = await Engine.StartAsync(limited, schema, withWorker: false))
            {
                await StartAsync(engine, count / 10); // Warm-up.
                var start = Settings.Time.GetTimestamp();
                var samples = await StartAsync(engine, count);
                var seconds = Settings.Time.GetElapsedTime(start).TotalSeconds;
                report.Add(new Figure("intake", $"{connections} connections", Callers, count, seconds, Latency.Of(samples), null));
            }

            await Engine.DropAsync(settings.ConnectionString, schema);
        }
    }

    private static async Task<double[]> StartAsync(Engine engine, int count)
    {
        var samples = new double[count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = Callers },
            async (i, cancellation) =>
            {
                var began = Settings.Time.GetTimestamp();
                await engine.Client.ScheduleNewOrchestrationInstanceAsync(Orchestrations.Sequence, Seq5.Steps, cancellation);
                samples[i] = Settings.Time.GetElapsedTime(began).TotalMilliseconds;
            });
        return samples;
    }
}
