using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>An HTTP function that returns a string beside a minimal API that returns the same; both take turns.</summary>
internal static class HttpThroughput
{
    private const int Connections = 64;

    public static async Task RunAsync(Settings settings, Report report)
    {
        byte[] request = RawConnection.Get("/api/hello/you");
        var ratios = new List<double>();
        for (int round = 0; round < settings.Rounds; round++)
        {
            ClosedLoop bare;
            await using (ChildProcess kestrel = await ChildProcess.StartAppAsync("kestrel", "/readyz"))
            {
                bare = await ClosedLoop.RunAsync(settings, kestrel, Connections, _ => request);
            }

            await using ChildProcess functions = await BenchApp.StartAsync(settings);
            ClosedLoop ours = await ClosedLoop.RunAsync(settings, functions, Connections, _ => request);
            ratios.Add(ours.PerSecond / bare.PerSecond);
            report.Add(new("http", "bare Kestrel", bare.PerSecond, bare.Latency, bare.CpuMicroseconds));
            report.Add(new("http", "function", ours.PerSecond, ours.Latency, ours.CpuMicroseconds, $"{ratios[^1]:P0} of bare Kestrel"));
        }

        report.Add(new("http", "ratio", null, Note: $"median {ratios.Order().ElementAt(ratios.Count / 2):P0} of bare Kestrel"));
    }
}
