using System.Globalization;
using Azure.Storage.Queues;
using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>
/// A full queue emptied by a function, and by a loop that does nothing but receive and delete. Each is a process of its own, and both take
/// short turns, from when they are let go, with their first batch in hand, to the last delete.
/// </summary>
internal static class QueueDrain
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        int count = settings.Count(full: 600, quick: 200);
        QueueClient bareQueue = await MadeAsync(settings);
        QueueClient ourQueue = await MadeAsync(settings);
        await using ChildProcess bareApp = await BenchApp.StartBareAsync(settings, bareQueue.Name);
        await using ChildProcess ourApp = await BenchApp.StartAsync(settings, ourQueue.Name);
        using HttpClient bare = ClientOf(bareApp);
        using HttpClient ours = ClientOf(ourApp);
        var turns = new List<(Turned Bare, Turned Ours)>();
        // The first ones are not measured: what either does for the first time, and the compiler's second look at it.
        for (int turn = -settings.Count(full: 4, quick: 1); turn < settings.Count(full: 12, quick: 2); turn++)
        {
            // In changing order: what Azurite puts off (it writes its tables every few seconds) must not hit the same one each time.
            bool isBareFirst = turn % 2 == 0;
            Turned first = isBareFirst ? await BareAsync() : await OursAsync();
            Turned second = isBareFirst ? await OursAsync() : await BareAsync();
            if (turn >= 0)
            {
                turns.Add(isBareFirst ? (first, second) : (second, first));
            }
        }

        await bareQueue.DeleteAsync();
        await ourQueue.DeleteAsync();
        double[] ratios = [.. turns.Select(static t => t.Ours.PerSecond / t.Bare.PerSecond).Order()];
        double processor = turns.Sum(static t => t.Ours.CpuMicroseconds) / turns.Sum(static t => t.Bare.CpuMicroseconds);
        Add(report, "bare loop", [.. turns.Select(static t => t.Bare)], "");
        Add(report, "function", [.. turns.Select(static t => t.Ours)], string.Create(CultureInfo.InvariantCulture,
            $"median {Latency.Median(ratios):P0} of the bare loop in {ratios.Length} turns ({ratios[ratios.Length / 4]:P0} to "
            + $"{ratios[ratios.Length * 3 / 4]:P0} in half of them), with {processor:P0} of its CPU; "));

        async Task<Turned> BareAsync()
        {
            await FillAsync(bareQueue, count);
            await PostAsync(bare, "held");
            return await TurnAsync(bareApp, bare, bareQueue, count);
        }

        async Task<Turned> OursAsync()
        {
            await PostAsync(ours, "hold");
            await FillAsync(ourQueue, count);
            await PostAsync(ours, "held");
            return await TurnAsync(ourApp, ours, ourQueue, count);
        }
    }

    private static void Add(Report report, string what, Turned[] turns, string note) => report.Add(new(
        "queue", what, Latency.Median(turns.Select(static t => t.PerSecond)),
        CpuMicroseconds: turns.Average(static t => t.CpuMicroseconds),
        Note: string.Create(
            CultureInfo.InvariantCulture, $"{note}{Latency.Median(turns.Select(static t => t.Bytes)):N0} bytes allocated for one")));

    private static async Task<Turned> TurnAsync(ChildProcess app, HttpClient http, QueueClient queue, int count)
    {
        long allocated = await ChildProcess.AllocatedAsync(http);
        TimeSpan cpu = app.Cpu;
        long began = Settings.Time.GetTimestamp();
        await PostAsync(http, $"release/{count}");
        while ((await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount > 0)
        {
            // The functions have ended; their last messages are being deleted.
        }

        double seconds = Settings.Time.GetElapsedTime(began).TotalSeconds;
        cpu = app.Cpu - cpu;
        return new(
            count / seconds, cpu.TotalMicroseconds / count, (await ChildProcess.AllocatedAsync(http) - allocated) / (double)count);
    }

    private static async Task PostAsync(HttpClient http, string what)
    {
        using HttpResponseMessage answer = await http.PostAsync(new Uri($"/api/{what}", UriKind.Relative), content: null);
        answer.EnsureSuccessStatusCode();
    }

    private static HttpClient ClientOf(ChildProcess app) => new() { BaseAddress = new Uri($"http://127.0.0.1:{app.Port}") };

    private static async Task<QueueClient> MadeAsync(Settings settings)
    {
        var queue = new QueueClient(settings.Azurite, $"bench-{Guid.NewGuid():N}");
        await queue.CreateAsync();
        return queue;
    }

    private static Task FillAsync(QueueClient queue, int count)
    {
        string body = Convert.ToBase64String("a message"u8);
        return Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, token) => await queue.SendMessageAsync(body, token));
    }

    /// <param name="CpuMicroseconds">Of the process, for one message.</param>
    /// <param name="Bytes">Allocated by the process for one message.</param>
    private sealed record Turned(double PerSecond, double CpuMicroseconds, double Bytes);
}
