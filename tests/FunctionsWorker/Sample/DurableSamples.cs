using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;

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
    public static Task WaitLongAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.CallActivityAsync("UntilCancelled");

    [Function("UntilCancelled")]
    public async Task UntilCancelledAsync([ActivityTrigger] object? input, FunctionContext context)
    {
        journal.Write("waiting");
        await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        journal.Write("cancelled");
    }

    [Function("Tally")]
    public static Task TallyAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<Tally>();

    [Function("Purse")]
    public static Task PurseAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<Purse>();

    [Function("Clerk")]
    public static Task ClerkAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<Clerk>("Ada", 7);

    [Function("ArmedPurse")]
    public static Task ArmedPurseAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<Purse>("Ada");

    [Function("RunParrot")]
    public static Task RunParrotAsync([EntityTrigger(EntityName = "parrot")] TaskEntityDispatcher dispatcher) =>
        dispatcher.DispatchAsync(static operation => new ValueTask<object?>($"{operation.Name}!"));

    [Function("AskEntity")]
    public static Task<object?> AskEntityAsync([OrchestrationTrigger] TaskOrchestrationContext context, Question question) =>
        context.Entities.CallEntityAsync<object?>(question.Entity, question.Operation, question.Input);

    public sealed record Question(EntityInstanceId Entity, string Operation, int? Input);

    [Function("Ballot")]
    public static async Task<string> BallotAsync([OrchestrationTrigger] TaskOrchestrationContext context, int votes)
    {
        var tally = new EntityInstanceId("Tally", context.InstanceId);
        await context.Entities.SignalEntityAsync(tally, "add", votes);
        int sum = await context.Entities.CallEntityAsync<int>(tally, "add", 1);
        return sum + await context.Entities.CallEntityAsync<string>(new EntityInstanceId("parrot", "p"), "squawk");
    }

    /// <summary>An entity that is its own state.</summary>
    public sealed class Purse
    {
        public int Coins { get; set; }

        public int Put(int coins) => Coins += coins;
    }

    /// <summary>An entity whose constructor takes what its function has, and a service.</summary>
    private sealed class Clerk(Journal journal, string name, int desk) : TaskEntity<int>
    {
        public string Sign(int letters)
        {
            journal.Write($"sign {letters}");
            return $"{name}, desk {desk}: {State += letters}";
        }
    }

    public sealed class Tally(Journal journal) : TaskEntity<int>
    {
        public int Add(int votes)
        {
            journal.Write($"add {votes}");
            return State += votes;
        }
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
