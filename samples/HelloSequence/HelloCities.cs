using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace HelloSequence;

/// <summary>Three activities, one after the other. Kill the process between two of them and start it again: it goes on.</summary>
public static class HelloCities
{
    [Function(nameof(HelloCities))]
    public static async Task<List<string>> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ILogger logger = context.CreateReplaySafeLogger(nameof(HelloCities));
        logger.LogInformation("Greeting three cities");

        return
        [
            await context.CallActivityAsync<string>(nameof(SayHello), "Tokyo"),
            await context.CallActivityAsync<string>(nameof(SayHello), "Seattle"),
            await context.CallActivityAsync<string>(nameof(SayHello), "London"),
        ];
    }

    [Function(nameof(SayHello))]
    public static string SayHello([ActivityTrigger] string city, FunctionContext context)
    {
        context.GetLogger(nameof(SayHello)).LogInformation("Saying hello to {City}", city);
        return $"Hello {city}!";
    }

    [Function("HelloCities_HttpStart")]
    public static async Task<HttpResponseData> StartAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post")] HttpRequestData request,
        [DurableClient] DurableTaskClient client,
        FunctionContext context)
    {
        string instanceId = await client.ScheduleNewOrchestrationInstanceAsync(nameof(HelloCities));
        context.GetLogger(nameof(HelloCities)).LogInformation("Started orchestration {InstanceId}", instanceId);
        return await client.CreateCheckStatusResponseAsync(request, instanceId);
    }
}
