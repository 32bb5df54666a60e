namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>One orchestration of many sequential activities: the time of each must not grow with their number.</summary>
internal static class LongOrchestration
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        var schema = Engine.NewSchema("long");
        await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
        {
            await engine.RunAsync(Orchestrations.Sequence, 100); // Warm-up.
            var brief = settings.Count(1_000, 200);
            var small = await MeasureAsync(engine, brief);
            report.Add(new Figure("long", $"{brief} activities", 1, brief, small, null, null, "rate: activities/s"));
            var large = await MeasureAsync(engine, brief * 10);
            report.Add(new Figure("long", $"{brief * 10} activities", 1, brief * 10, large, null, null,
                $"{large / small:N1} times the time of {brief}; linear is 10"));
        }

        await Engine.DropAsync(settings.ConnectionString, schema);
    }

    private static async Task<double> MeasureAsync(Engine engine, int steps)
    {
        var start = Settings.Time.GetTimestamp();
        await engine.RunAsync(Orchestrations.Sequence, steps);
        return Settings.Time.GetElapsedTime(start).TotalSeconds;
    }
}
