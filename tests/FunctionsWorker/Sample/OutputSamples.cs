using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Each form in which a function may hand something on.</summary>
public sealed class OutputSamples(Journal journal)
{
    [Function("SendText")]
    [QueueOutput("%OUT%")]
    public static string? SendText([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, string? text) =>
        request.Method == "POST" ? text : null;

    [Function("SendMany")]
    public static Sent SendMany([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, int count, int status = 202) => new()
    {
        Orders = [.. Enumerable.Range(1, count).Select(i => new Order(i, request.Method))],
        Bytes = "raw"u8.ToArray(),
        Reply = new StatusCodeResult(status),
    };

    [Function("SendAndReply")]
    public static SentWithResponse SendAndReply([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequestData request)
    {
        HttpResponseData response = request.CreateResponse(HttpStatusCode.Created);
        response.WriteString("made");
        return new(new Dictionary<string, int>(StringComparer.Ordinal) { ["a"] = 1 }, response);
    }

    /// <summary>Goes on when its caller has left.</summary>
    [Function("SendLate")]
    [QueueOutput("%OUT%")]
    public async Task<string> SendLateAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request)
    {
        await using CancellationTokenRegistration left = request.HttpContext.RequestAborted.Register(() => journal.Write("left"));
        journal.Write("called");
        await journal.GoOn.WaitAsync(CancellationToken.None);
        return "late";
    }

    [Function("Forward")]
    [QueueOutput("%OUT%", Connection = "OUT_STORAGE")]
    public async Task<Order> ForwardAsync([QueueTrigger("%ORDERS%")] Order order)
    {
        journal.Write($"forward {order.Number}");
        await Task.Yield();
        return order with { Item = "forwarded" };
    }
}

public sealed class Sent
{
    [QueueOutput("%OUT%")]
    public IReadOnlyList<Order>? Orders { get; set; }

    [QueueOutput("%OUT%")]
    public byte[]? Bytes { get; set; }

    [HttpResult]
    public IActionResult? Reply { get; set; }
}

public sealed record SentWithResponse(
    [property: QueueOutput("%OUT%")] Dictionary<string, int> Data, HttpResponseData Response);
