using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Class-based tasks; the source generator makes functions of those with the attribute.</summary>
[DurableTask(nameof(WelcomeAll))]
public sealed class WelcomeAll : TaskOrchestrator<string[], string>
{
    public override async Task<string> RunAsync(TaskOrchestrationContext context, string[]? input)
    {
        string[] welcomes = await Task.WhenAll((input ?? []).Select(name => context.CallWelcomeAsync(name)));
        var guests = new EntityInstanceId(nameof(Guests), context.InstanceId);
        int count = await context.Entities.CallEntityAsync<int>(guests, "add", welcomes.Length);
        return $"{string.Join(' ', welcomes)} ({count}, {context.GetFunctionContext()?.FunctionDefinition.Name ?? "no function"})";
    }
}

[DurableTask(nameof(Welcome))]
public sealed class Welcome(Journal journal) : TaskActivity<string, string>
{
    public override Task<string> RunAsync(TaskActivityContext context, string input)
    {
        journal.Write($"{context.Name} in {context.InstanceId}");
        return Task.FromResult($"Welcome, {input}!");
    }
}

[DurableTask(nameof(Guests))]
public sealed class Guests(Journal journal) : TaskEntity<int>
{
    public int Add(int number)
    {
        journal.Write($"add {number}");
        return State += number;
    }
}

/// <summary>Tasks that a test registers by hand: they are no functions.</summary>
public sealed class Countdown : TaskOrchestrator<int, string>
{
    public override async Task<string> RunAsync(TaskOrchestrationContext context, int input) =>
        await context.CallActivityAsync<string>(nameof(Say), $"{input} {context.GetFunctionContext() is null}");
}

public sealed class Say(Journal journal) : TaskActivity<string, string>
{
    public override Task<string> RunAsync(TaskActivityContext context, string input)
    {
        journal.Write(input);
        return Task.FromResult($"said {input}");
    }
}

public static class DispatchSamples
{
    [Function("Ready")]
    public static Task ReadyAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync(new ReadyEntity(10));

    [Function("AskReady")]
    public static Task<int> AskReadyAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.Entities.CallEntityAsync<int>(new EntityInstanceId("Ready", "r"), "plus", 5);

    private sealed class ReadyEntity(int begin) : TaskEntity<int>
    {
        public int Plus(int number) => State += number;

        protected override int InitializeState(TaskEntityOperation entityOperation) => begin;
    }
}
