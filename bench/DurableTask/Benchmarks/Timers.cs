namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>10,000 orchestrations sleep until the same moment: how much later than it the client sees each of them completed.</summary>
internal static class Timers
{
    private const int Starters = 100;

    public static async Task RunAsync(Settings settings, Report report)
    {
        var count = settings.Count(10_000, 1_000);
        var schema = Engine.NewSchema("timer");
        await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
        {
            // Time enough to start all of them, and to let them fall asleep.
            var until = Settings.Time.GetUtcNow().AddSeconds(settings.Count(20, 5)).UtcDateTime;
            var ids = new string[count];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, count),
                new ParallelOptions { MaxDegreeOfParallelism = Starters },
                async (i, cancellation) => ids[i] = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
                    Orchestrations.Sleep, until, cancellation));
            var early = (until - Settings.Time.GetUtcNow().UtcDateTime).TotalSeconds;
            var late = await Task.WhenAll(ids.Select(async id =>
            {
                await engine.WaitAsync(id);
                return (Settings.Time.GetUtcNow().UtcDateTime - until).TotalMilliseconds;
            }));
            report.Add(new Figure("timer10k", "lateness", null, count, late.Max() / 1000, Latency.Of(late), null,
                $"all were started {early:N1} s before the moment; rate: timers/s after it"));
        }

        await Engine.DropAsync(settings.ConnectionString, schema);
    }
}
