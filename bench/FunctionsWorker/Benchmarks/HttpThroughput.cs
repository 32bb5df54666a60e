using System.Globalization;
using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>
/// An HTTP function that returns a string beside a minimal API that returns the same. Both processes live all the time and take short
/// turns: what a machine does meanwhile hits both of a pair.
/// </summary>
internal static class HttpThroughput
{
    private const int Connections = 64;

    // New connections, and what the other's turn has thrown out of the caches.
    private static readonly TimeSpan BeforeTurn = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly byte[] Request = RawConnection.Get("/api/hello/you");

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using ChildProcess kestrel = await ChildProcess.StartAppAsync("kestrel", "/readyz");
        await using ChildProcess functions = await BenchApp.StartAsync(settings);
        await ClosedLoop.RunAsync(kestrel, Connections, static _ => Request, TimeSpan.Zero, settings.WarmUp);
        await ClosedLoop.RunAsync(functions, Connections, static _ => Request, TimeSpan.Zero, settings.WarmUp);
        var bare = new List<Turned>();
        var ours = new List<Turned>();
        for (int turn = 0; turn < settings.Count(full: 20, quick: 2); turn++)
        {
            bare.Add(await TurnAsync(kestrel));
            ours.Add(await TurnAsync(functions));
        }

        Add(report, "bare Kestrel", bare, bare);
        Add(report, "function", ours, bare);
    }

    private static void Add(Report report, string what, List<Turned> ours, List<Turned> bare)
    {
        double[] ratios = [.. ours.Zip(bare, static (o, b) => o.Run.PerSecond / b.Run.PerSecond).Order()];
        double processor = Latency.Median(ours.Zip(bare, static (o, b) => o.Run.CpuMicroseconds / b.Run.CpuMicroseconds));
        string ratio = string.Create(CultureInfo.InvariantCulture,
            $"median {Latency.Median(ratios):P0} of bare Kestrel in {ratios.Length} turns ({ratios[ratios.Length / 4]:P0} to "
            + $"{ratios[ratios.Length * 3 / 4]:P0} in half of them), with {processor:P0} of its CPU; ");
        double allocated = Latency.Median(ours.Select(static t => t.Bytes));
        string bytes = string.Create(CultureInfo.InvariantCulture, $"{allocated:N0} bytes allocated for one");
        Turned[] bySpeed = [.. ours.OrderBy(static t => t.Run.PerSecond)];
        report.Add(new(
            "http", what, Latency.Median(ours.Select(static t => t.Run.PerSecond)), bySpeed[bySpeed.Length / 2].Run.Latency,
            Latency.Median(ours.Select(static t => t.Run.CpuMicroseconds)), ReferenceEquals(ours, bare) ? bytes : ratio + bytes));
    }

    private static async Task<Turned> TurnAsync(ChildProcess server)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        long allocated = await ChildProcess.AllocatedAsync(http);
        var all = await ClosedLoop.RunAsync(server, Connections, static _ => Request, BeforeTurn, Turn);
        return new(all, (await ChildProcess.AllocatedAsync(http) - allocated) / (double)all.Sent);
    }

    /// <param name="Bytes">Allocated by the server, for one request.</param>
    private sealed record Turned(ClosedLoop Run, double Bytes);
}
