using System.Globalization;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>A full queue emptied by a function, and by a loop that does nothing but receive and delete; both take turns.</summary>
internal static class QueueDrain
{
    private const int BatchSize = 16; // what the host fetches by default

    public static async Task RunAsync(Settings settings, Report report)
    {
        int count = settings.Count(full: 1500, quick: 400);
        var ratios = new List<double>();
        for (int round = 0; round < settings.Rounds; round++)
        {
            double bare = await BareAsync(settings, count);
            double ours = await OursAsync(settings, count);
            ratios.Add(ours / bare);
            report.Add(new("queue", "bare loop", bare));
            report.Add(new("queue", "function", ours, Note: $"{ratios[^1]:P0} of the bare loop"));
        }

        report.Add(new("queue", "ratio", null, Note: $"median {ratios.Order().ElementAt(ratios.Count / 2):P0} of the bare loop"));
    }

    private static async Task<double> BareAsync(Settings settings, int count)
    {
        QueueClient queue = await FullAsync(settings, count);
        long began = Settings.Time.GetTimestamp();
        for (int left = count; left > 0;)
        {
            QueueMessage[] batch = await queue.ReceiveMessagesAsync(BatchSize);
            await Task.WhenAll(batch.Select(message => queue.DeleteMessageAsync(message.MessageId, message.PopReceipt)));
            left -= batch.Length;
        }

        double seconds = Settings.Time.GetElapsedTime(began).TotalSeconds;
        await queue.DeleteAsync();
        return count / seconds;
    }

    private static async Task<double> OursAsync(Settings settings, int count)
    {
        QueueClient queue = await FullAsync(settings, count);
        await using ChildProcess app = await BenchApp.StartAsync(settings, queue.Name);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.Port}") };
        // The app drains before anybody can look: the rate is that between the first look and the end.
        int first = await DrainedAsync(http);
        long began = Settings.Time.GetTimestamp();
        while (await DrainedAsync(http) < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Settings.Time);
        }

        double seconds = Settings.Time.GetElapsedTime(began).TotalSeconds;
        await queue.DeleteAsync();
        return (count - first) / seconds;
    }

    private static async Task<int> DrainedAsync(HttpClient http) =>
        int.Parse(await http.GetStringAsync(new Uri("/api/Drained", UriKind.Relative)), CultureInfo.InvariantCulture);

    private static async Task<QueueClient> FullAsync(Settings settings, int count)
    {
        var queue = new QueueClient(settings.Azurite, $"bench-{Guid.NewGuid():N}");
        await queue.CreateAsync();
        string body = Convert.ToBase64String("a message"u8);
        await Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, token) => await queue.SendMessageAsync(body, token));
        return queue;
    }
}
