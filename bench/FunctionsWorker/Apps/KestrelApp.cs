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
        string? storage = Environment.GetEnvironmentVariable("AzureWebJobsStorage");
        var drain = new Drained(new(storage, Environment.GetEnvironmentVariable("BENCH_QUEUE")));
        app.MapPost("/api/held", drain.HoldAsync);
        app.MapPost("/api/release/{count}", drain.EmptyAsync);
        return app.RunAsync();
    }

    /// <summary>Has its first batch when the clock starts, as the function has.</summary>
    private sealed class Drained(QueueClient queue)
    {
        private QueueMessage[] _held = [];

        public async Task HoldAsync() => _held = await queue.ReceiveMessagesAsync(BatchSize);

        public async Task EmptyAsync(int count)
        {
            for (QueueMessage[] batch = _held; ; batch = await queue.ReceiveMessagesAsync(BatchSize))
            {
                await Task.WhenAll(batch.Select(message => queue.DeleteMessageAsync(message.MessageId, message.PopReceipt)));
                count -= batch.Length;
                if (count <= 0)
                {
                    return;
                }
            }
        }
    }
}
