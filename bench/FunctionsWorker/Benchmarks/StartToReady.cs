using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>From the start of the process to the first good answer at its readiness address, and the memory of a host without
/// work.</summary>
internal static class StartToReady
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Settings settings, Report report)
    {
        var bare = new List<double>();
        var ours = new List<double>();
        double memory = 0;
        await using (await BenchApp.StartAsync(settings))
        {
            // The first one makes the hub's tables.
        }

        for (int round = 0; round < settings.Count(full: 7, quick: 2); round++)
        {
            await using (ChildProcess kestrel = await ChildProcess.StartAppAsync("kestrel", "/readyz"))
            {
                bare.Add(kestrel.UntilReady.TotalMilliseconds);
            }

            await using ChildProcess functions = await BenchApp.StartAsync(settings);
            ours.Add(functions.UntilReady.TotalMilliseconds);
            if (round == 0)
            {
                await Task.Delay(settings.Quick ? TimeSpan.FromSeconds(1) : Idle, Settings.Time);
                memory = functions.MemoryMegabytes;
            }
        }

        report.Add(new("start", "bare Kestrel", null, Latency.Of(bare)));
        report.Add(new("start", "function app, 57 functions", null, Latency.Of(ours), Note: $"{memory:N0} MB resident when idle"));
    }
}
