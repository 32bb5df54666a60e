using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>
/// What the function host is compared with: a minimal API that does the same, on the same web server, and a loop that receives messages and
/// deletes them.
/// </summary>
internal static class KestrelApp
{
    private const int BatchSize = 16; // what the host fetches by default

    public static Task RunAsync(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        WebApplication app = builder.Build();
        app.MapGet("/readyz", static () => "ready");
        app.MapGet("/api/hello/{name}", static (string name) => $"Hello {name}!");
        app.MapGet("/api/allocated", static () => Allocated.Bytes);
        app.MapPost("/api/release/{count}", static (int count) => EmptyAsync(
            new(Environment.GetEnvironmentVariable("AzureWebJobsStorage"), Environment.GetEnvironmentVariable("BENCH_QUEUE")), count));
        return app.RunAsync();
    }

    private static async Task EmptyAsync(QueueClient queue, int count)
    {
        while (count > 0)
        {
            QueueMessage[] batch = await queue.ReceiveMessagesAsync(BatchSize);
            await Task.WhenAll(batch.Select(message => queue.DeleteMessageAsync(message.MessageId, message.PopReceipt)));
            count -= batch.Length;
        }
    }
}
