namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>The function app of this project, as a process.</summary>
internal static class BenchApp
{
    /// <param name="queue">The queue that the app listens to; null: it listens to none.</param>
    public static Task<ChildProcess> StartAsync(Settings settings, string? queue = null)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DURABLE_POSTGRES"] = settings.Postgres,
            ["AzureFunctionsJobHost__extensions__durableTask__hubName"] = "bench_host",
            ["AzureWebJobsStorage"] = settings.Azurite,
            ["BENCH_QUEUE"] = queue ?? "none",
        };
        if (queue is null)
        {
            environment["AzureWebJobs_Drain_Disabled"] = "true";
        }

        return ChildProcess.StartAppAsync("functions", "/readyz", environment);
    }
}
