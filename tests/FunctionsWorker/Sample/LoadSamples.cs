using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Functions that put a load on their process, as careless code does.</summary>
public sealed class LoadSamples(Journal journal, IConfiguration configuration)
{
    /// <summary>Asks a service that does not answer, at the address in the setting SLOW_SERVICE, and blocks its thread meanwhile.</summary>
    [Function("Block")]
    public string Block([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request)
    {
        using var service = new Socket(SocketType.Stream, ProtocolType.Tcp);
        service.Connect(IPEndPoint.Parse(configuration["SLOW_SERVICE"]!));
        return $"{request.Method} {service.Receive(new byte[1])}";
    }

    /// <summary>Keeps as much memory as asked for until the caller leaves.</summary>
    [Function("Keep")]
    public async Task KeepAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "keep/{megabytes}")] HttpRequest request, int megabytes)
    {
        byte[][] kept = [.. Enumerable.Range(0, megabytes).Select(static _ => new byte[1024 * 1024])];
        // What nobody has written to takes no memory.
        Array.ForEach(kept, static part => Array.Fill(part, (byte)1));
        journal.Write($"keeps {kept.Length}");
        var left = new TaskCompletionSource();
        await using (request.HttpContext.RequestAborted.Register(left.SetResult))
        {
            await left.Task;
        }

        journal.Write($"gives back {kept.Length}");
        kept = [];
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
