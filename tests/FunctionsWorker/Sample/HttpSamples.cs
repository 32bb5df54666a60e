using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using FromBodyAttribute = Microsoft.Azure.Functions.Worker.Http.FromBodyAttribute;

namespace Heal.FunctionsWorker.Tests.Sample;

public sealed record Order(int Number, string Item);

/// <summary>Each form in which an HTTP function may take and give.</summary>
public sealed class HttpSamples(ScopedCounter counter, Journal journal)
{
    [Function("Echo")]
    public async Task<HttpResponseData> EchoAsync([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequestData request)
    {
        HttpResponseData response = request.CreateResponse(HttpStatusCode.OK);
        response.Headers.Add("x-method", request.Method);
        await response.WriteStringAsync($"{request.Query["say"]}|{await request.ReadAsStringAsync()}");
        return response;
    }

    /// <summary>Replies as a function does that hands on what another server sent.</summary>
    [Function("HandOn")]
    public static async Task<HttpResponseData> HandOnAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequestData request)
    {
        HttpResponseData response = request.CreateResponse(HttpStatusCode.OK);
        foreach ((string name, string value) in new[]
        {
            ("transfer-encoding", "chunked"), ("Connection", "close"), ("Keep-Alive", "timeout=5"), ("Upgrade", "h2c"), ("x-kept", "kept"),
        })
        {
            response.Headers.Add(name, value);
        }

        await response.WriteStringAsync("handed on");
        return response;
    }

    [Function("OrderById")]
    public static IActionResult OrderById(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "orders/{id:int}")] HttpRequest request, int id,
            FunctionContext context) =>
        new OkObjectResult(new { id, path = request.Path.Value, function = context.FunctionDefinition.Name, context.InvocationId });

    [Function("PutOrder")]
    public static IResult PutOrder([HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "orders")] HttpRequest request,
        [FromBody] Order order) =>
        Results.Ok(order with { Item = order.Item + request.Headers["x-suffix"] });

    [Function("PostOrder")]
    public static Order PostOrder([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "orders")] Order order) => order;

    [Function("Text")]
    public static string Text([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, string? name, CancellationToken token) =>
        $"{request.Method} {name ?? "nobody"} {token.CanBeCanceled}";

    [Function("Nothing")]
    public static async Task NothingAsync([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) =>
        await request.Body.FlushAsync();

    [Function("Boom")]
    public static void Boom([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) =>
        throw new InvalidOperationException($"the inside of {request.Path}");

    /// <summary>Fails when its reply has begun.</summary>
    [Function("Half")]
    public async Task HalfAsync([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, CancellationToken token)
    {
        await request.HttpContext.Response.WriteAsync("the first half", token);
        await request.HttpContext.Response.Body.FlushAsync(token);
        await journal.GoOn.WaitAsync(token);
        throw new InvalidOperationException("there is no second half");
    }

    [Function("OnlySystem")]
    public static string OnlySystem([HttpTrigger(AuthorizationLevel.System, "get")] HttpRequest request) => request.Method;

    [Function("OnlyAdmin")]
    public static string OnlyAdmin([HttpTrigger(AuthorizationLevel.Admin, "get")] HttpRequest request) => request.Method;

    [Function("Scoped")]
    public string Scoped([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) =>
        $"{request.Method} {++counter.Count}";

    [Function("Slow")]
    public async Task<string> SlowAsync([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request, CancellationToken token)
    {
        journal.Write("slow");
        await journal.GoOn.WaitAsync(token);
        return request.Method;
    }
}
