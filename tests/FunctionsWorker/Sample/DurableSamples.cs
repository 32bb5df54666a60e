using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests.Sample;

public sealed class DurableSamples(Journal journal)
{
    [Function("Greet")]
    public static async Task<string> GreetAsync([OrchestrationTrigger] TaskOrchestrationContext context, string name)
    {
        string greeting = await context.CallActivityAsync<string>("SayHello", name);
        string end = await context.WaitForExternalEvent<string>("End");
        return greeting + end;
    }

    [Function("SayHello")]
    public string SayHello([ActivityTrigger] string name, string instanceId, FunctionContext context)
    {
        journal.Write($"activity {instanceId} {context.FunctionDefinition.Name}");
        return $"Hello, {name}";
    }

    [Function("WaitLong")]
    public static Task WaitLongAsync([OrchestrationTrigger] TaskOrchestrationContext context) => context.CallActivityAsync("UntilCancelled");

    [Function("UntilCancelled")]
    public async Task UntilCancelledAsync([ActivityTrigger] object? input, FunctionContext context)
    {
        journal.Write("waiting");
        await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        journal.Write("cancelled");
    }

    [Function("StartGreet")]
    public static async Task<HttpResponseData> StartGreetAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "greet/{name}")] HttpRequestData request,
        [DurableClient] DurableTaskClient client,
        string name)
    {
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Greet", name);
        return await client.CreateCheckStatusResponseAsync(request, id);
    }
}
