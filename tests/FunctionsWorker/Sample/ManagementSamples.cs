using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Orchestrations whose ends and histories the tests of the management API look at.</summary>
public sealed class ManagementSamples(Journal journal)
{
    [Function("Family")]
    public static async Task<int> FamilyAsync([OrchestrationTrigger] TaskOrchestrationContext context, int number)
    {
        int twice = await context.CallActivityAsync<int>("Twice", number);
        await context.CreateTimer(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        return await context.CallSubOrchestratorAsync<int>("Child", twice);
    }

    [Function("Child")]
    public static Task<int> ChildAsync([OrchestrationTrigger] TaskOrchestrationContext context, int number) =>
        context.CallActivityAsync<int>("Twice", number);

    [Function("Twice")]
    public int Twice([ActivityTrigger] int number) => journal.Fail ? throw new InvalidOperationException("told to fail") : 2 * number;

    [Function("TakeStock")]
    public static Task<Order> TakeStockAsync([OrchestrationTrigger] TaskOrchestrationContext context, Order order) =>
        context.CallActivityAsync<Order>("AddOne", (order, By: 1));

    [Function("AddOne")]
    public static Order AddOne([ActivityTrigger] (Order Order, int By) more) =>
        more.Order with { Number = more.Order.Number + more.By };

    [Function("Note")]
    public static Task NoteAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<Note>();

    [Function("StartFamily")]
    public static async Task<HttpResponseData> StartFamilyAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "family/{number:int}")] HttpRequestData request,
        [DurableClient] DurableTaskClient client,
        int number,
        CancellationToken cancellationToken)
    {
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Family", number, cancellationToken);
        return await client.WaitForCompletionOrCreateCheckStatusResponseAsync(
            request,
            id,
            TimeSpan.FromMilliseconds(50),
            returnInternalServerErrorOnFailure: true,
            getInputsAndOutputs: true,
            cancellationToken);
    }

    [Function("StartGreetAndWait")]
    public static async Task<HttpResponseData> StartGreetAndWaitAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "patience/{milliseconds:int}")] HttpRequestData request,
        [DurableClient(TaskHub = "%HUB%", ConnectionName = "%HUB_CONNECTION%")] DurableTaskClient client,
        int milliseconds)
    {
        using var patience = new CancellationTokenSource(milliseconds);
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Greet", "Ada", CancellationToken.None);
        return await client.WaitForCompletionOrCreateCheckStatusResponseAsync(request, id, cancellation: patience.Token);
    }

    /// <summary>Answers in its own way when the hub is away.</summary>
    [Function("TryGreet")]
    public static async Task<string> TryGreetAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "try-greet")] HttpRequestData request,
        [DurableClient] DurableTaskClient client)
    {
        try
        {
            return await client.ScheduleNewOrchestrationInstanceAsync("Greet", "Ada", CancellationToken.None);
        }
        catch (TaskHubUnavailableException exception)
        {
            return $"later: {exception.InnerException!.GetType().Name}";
        }
    }

    [Function("Links")]
    public static HttpManagementPayload Links(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequestData request, [DurableClient] DurableTaskClient client) =>
        client.CreateHttpManagementPayload(request.Query["id"]!);

    public sealed class Note : TaskEntity<string>
    {
        public void Write(string text) => State = text;
    }
}
