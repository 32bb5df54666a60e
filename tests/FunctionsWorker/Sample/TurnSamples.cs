using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Says when it is disposed.</summary>
public sealed class TurnSamples(Journal journal) : IDisposable
{
    [Function("Fleeting")]
    public Task<string> FleetingAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.WaitForExternalEvent<string>("End");

    [Function("Marked")]
    public static async Task<string> MarkedAsync([OrchestrationTrigger] TaskOrchestrationContext context, FunctionContext function)
    {
        string mark = function.Items.TryGetValue("mark", out object? value) ? (string)value : "none";
        await context.WaitForExternalEvent<string>("End");
        return mark;
    }

    public void Dispose() => journal.Write("disposed");
}

public sealed class DeafSamples(Journal journal)
{
    /// <summary>Heeds no token; goes on when it may.</summary>
    [Function("Deaf")]
    public async Task<string> DeafAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request)
    {
        journal.Write("deaf");
        await journal.GoOn.WaitAsync();
        return "at last";
    }
}
