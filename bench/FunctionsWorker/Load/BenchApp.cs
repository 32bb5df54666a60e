namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>The apps of this project, as processes.</summary>
internal static class BenchApp
{
    /// <summary>What the function app is compared with, with a queue to empty when asked.</summary>
    public static Task<ChildProcess> StartBareAsync(Settings settings, string queue) => ChildProcess.StartAppAsync(
        "kestrel", "/readyz", new(StringComparer.Ordinal) { ["AzureWebJobsStorage"] = settings.Azurite, ["BENCH_QUEUE"] = queue });

    /// <summary>The function app.</summary>
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
