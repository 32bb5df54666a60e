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
    private static int _drained;

    [Function("Hello")]
    public static string Hello(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "hello/{name}")] HttpRequest request, string name) => $"Hello {name}!";

    [Function("Drain")]
    public static void Drain([QueueTrigger("%BENCH_QUEUE%")] string message) => Interlocked.Add(ref _drained, message.Length > 0 ? 1 : 0);

    [Function("Drained")]
    public static string Drained([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
        $"{Volatile.Read(ref _drained)}";
}
