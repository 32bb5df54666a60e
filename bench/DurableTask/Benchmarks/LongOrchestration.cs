namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>One orchestration of many sequential activities: the time and the costs of each must not grow with their number.</summary>
internal static class LongOrchestration
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        var schema = Engine.NewSchema("long");
        await using var meter = new CostMeter(settings.ConnectionString);
        await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
        {
            await engine.RunAsync(Orchestrations.Sequence, 100); // Warm-up.
            var brief = settings.Count(1_000, 200);
            var small = await MeasureAsync(engine, meter, brief, "rate: activities/s; costs: per activity");
            report.Add(small);
            var large = await MeasureAsync(engine, meter, brief * 10, note: null);
            report.Add(large with { Note = $"{large.Seconds / small.Seconds:N1} times the time of {brief}; linear is 10" });
        }

        await Engine.DropAsync(settings.ConnectionString, schema);
    }

    private static async Task<Figure> MeasureAsync(Engine engine, CostMeter meter, int steps, string? note)
    {
        var before = await meter.ReadExactAsync();
        var start = Settings.Time.GetTimestamp();
        await engine.RunAsync(Orchestrations.Sequence, steps);
        var seconds = Settings.Time.GetElapsedTime(start).TotalSeconds;
        var used = (await meter.ReadExactAsync()).Since(before);

        // The sessions go on: what they report late is not there yet.
        return new Figure(
            "long", $"{steps} activities", 1, steps, seconds, null, used.CostsOf(syncs: null, commits: null, steps), note);
    }
}
