namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>Five activities one after the other, each returns its short text: from schedule to the completion that the client
/// sees.</summary>
internal static class Seq5
{
    public const int Steps = 5;
    public static readonly int[] Concurrencies = [1, 10, 50, 100];

    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (var concurrency in settings.Concurrencies(Concurrencies))
        {
            await Closed.RunAsync(settings, report, "seq5", concurrency, engine => engine.RunAsync(Orchestrations.Sequence, Steps));
        }
    }
}

/// <summary>A hundred activities at once, then done.</summary>
internal static class Fan100
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (var concurrency in settings.Concurrencies(1, 10))
        {
            await Closed.RunAsync(settings, report, "fan100", concurrency, engine => engine.RunAsync(Orchestrations.FanOut, 100));
        }
    }
}

/// <summary>A closed loop over an engine of its own, with its costs.</summary>
internal static class Closed
{
    public static async Task RunAsync(Settings settings, Report report, string name, int concurrency, Func<Engine, Task> once)
    {
        var schema = Engine.NewSchema(name);
        await using var meter = new CostMeter(settings.ConnectionString);
        var before = await meter.ReadReportedAsync();
        LoadRun run;
        await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
        {
            run = await LoadRun.RunAsync(settings, concurrency, meter, _ => once(engine));
        }

        report.Add(new Figure(name, "", concurrency, run.Count, run.Seconds, Latency.Of(run.Milliseconds),
            run.CostsOf(before, await meter.ReadReportedAsync())));
        await Engine.DropAsync(settings.ConnectionString, schema);
    }
}
