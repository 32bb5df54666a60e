using System.Globalization;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>
/// A full queue emptied by a function, and by a loop that does nothing but receive and delete; both take short turns, from the first
/// receipt to the last delete. The function's first messages wait in it until the queue is full.
/// </summary>
internal static class QueueDrain
{
    private const int BatchSize = 16; // what the host fetches by default

    public static async Task RunAsync(Settings settings, Report report)
    {
        int count = settings.Count(full: 600, quick: 200);
        QueueClient bare = await MadeAsync(settings);
        QueueClient ours = await MadeAsync(settings);
        await using ChildProcess app = await BenchApp.StartAsync(settings, ours.Name);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.Port}") };

        // Not measured: what either does for the first time.
        await OfLoopAsync(bare, count);
        await OfFunctionAsync(ours, http, count);
        var turns = new List<(double Bare, double Ours, double Cpu)>();
        for (int turn = 0; turn < settings.Count(full: 8, quick: 2); turn++)
        {
            double loop = await OfLoopAsync(bare, count);
            TimeSpan cpu = app.Cpu;
            turns.Add((loop, await OfFunctionAsync(ours, http, count), (app.Cpu - cpu).TotalMicroseconds / count));
        }

        await bare.DeleteAsync();
        await ours.DeleteAsync();
        double[] ratios = [.. turns.Select(static t => t.Ours / t.Bare).Order()];
        report.Add(new("queue", "bare loop", Latency.Median(turns.Select(static t => t.Bare))));
        report.Add(new(
            "queue", "function", Latency.Median(turns.Select(static t => t.Ours)),
            CpuMicroseconds: Latency.Median(turns.Select(static t => t.Cpu)),
            Note: string.Create(CultureInfo.InvariantCulture,
                $"median {Latency.Median(ratios):P0} of the bare loop in {ratios.Length} turns ({ratios[0]:P0} to {ratios[^1]:P0})")));
    }

    private static async Task<double> OfLoopAsync(QueueClient queue, int count)
    {
        await FillAsync(queue, count);
        long began = Settings.Time.GetTimestamp();
        for (int left = count; left > 0;)
        {
            QueueMessage[] batch = await queue.ReceiveMessagesAsync(BatchSize);
            await Task.WhenAll(batch.Select(message => queue.DeleteMessageAsync(message.MessageId, message.PopReceipt)));
            left -= batch.Length;
        }

        return count / Settings.Time.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> OfFunctionAsync(QueueClient queue, HttpClient http, int count)
    {
        (await http.PostAsync(new Uri("/api/hold", UriKind.Relative), content: null)).EnsureSuccessStatusCode();
        await FillAsync(queue, count);
        long began = Settings.Time.GetTimestamp();
        (await http.PostAsync(new Uri($"/api/release/{count}", UriKind.Relative), content: null)).EnsureSuccessStatusCode();
        while ((await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount > 0)
        {
            // The functions have ended; their last messages are being deleted.
        }

        return count / Settings.Time.GetElapsedTime(began).TotalSeconds;
    }

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
}
