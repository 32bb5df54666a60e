using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>The functions that are measured; <see cref="Fifty"/> holds those that are only there.</summary>
internal static class FunctionsApp
{
    public static Task RunAsync(string[] args)
    {
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        return builder.Build().RunAsync();
    }
}

/// <summary>Found by the host: a public class with functions.</summary>
public static class MeasuredFunctions
{
    [Function("Hello")]
    public static string Hello(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "hello/{name}")] HttpRequest request, string name) => $"Hello {name}!";

    [Function("Allocated")]
    public static string AllocatedSoFar([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "allocated")] HttpRequest request) =>
        Allocated.Bytes;

    [Function("Drain")]
    public static Task DrainAsync([QueueTrigger("%BENCH_QUEUE%")] string message) => Drain.TakeAsync(message);

    /// <summary>Lets messages wait in the functions that got them, until the call below.</summary>
    [Function("Hold")]
    public static void Hold([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequest request) => Drain.Hold();

    /// <summary>Answers when a message waits: the queue, which was polled less and less often while it was empty, has been seen.</summary>
    [Function("Held")]
    public static Task HeldAsync([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequest request) =>
        Drain.HeldAsync().WaitAsync(request.HttpContext.RequestAborted);

    /// <summary>Lets them go, and answers when so many functions have had theirs.</summary>
    [Function("Release")]
    public static Task ReleaseAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "release/{count}")] HttpRequest request, int count) =>
        Drain.ReleaseAsync(count).WaitAsync(request.HttpContext.RequestAborted);
}
