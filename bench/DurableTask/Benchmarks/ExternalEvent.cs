namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>An orchestration that waits for one event: from the call that raises it to the completion that the client sees.</summary>
internal static class ExternalEvent
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (var concurrency in settings.Concurrencies(1, 50))
        {
            var schema = Engine.NewSchema("event");
            await using var meter = new CostMeter(settings.ConnectionString);
            await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
            {
                var samples = new System.Collections.Concurrent.ConcurrentQueue<double>();
                var run = await LoadRun.RunAsync(settings, concurrency, meter, async _ =>
                {
                    var id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(Orchestrations.WaitForGo);
                    await engine.Client.WaitForInstanceStartAsync(id);
                    var raised = Settings.Time.GetTimestamp();
                    await engine.Client.RaiseEventAsync(id, Orchestrations.Go, "go");
                    await engine.WaitAsync(id);
                    samples.Enqueue(Settings.Time.GetElapsedTime(raised).TotalMilliseconds);
                });
                report.Add(new Figure("event", "raise to completion", concurrency, run.Count, run.Seconds, Latency.Of(samples), null,
                    "the rate counts start, event and end; the latency only event to end"));
            }

            await Engine.DropAsync(settings.ConnectionString, schema);
        }
    }
}
