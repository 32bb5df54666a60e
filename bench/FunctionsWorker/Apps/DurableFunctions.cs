using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>A post that starts an orchestration, and the moment at which its first activity began.</summary>
public static class DurableFunctions
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource<long>> Begun = new(StringComparer.Ordinal);

    [Function("Begin")]
    public static async Task<string> BeginAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "begin/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        string id) => await client.ScheduleNewOrchestrationInstanceAsync(
            nameof(Work), new StartOrchestrationOptions(id), request.HttpContext.RequestAborted);

    [Function(nameof(Work))]
    public static Task Work([OrchestrationTrigger] TaskOrchestrationContext context) => context.CallActivityAsync(nameof(First));

    [Function(nameof(First))]
    public static void First([ActivityTrigger] object? input, string instanceId) =>
        Of(instanceId).TrySetResult(Stopwatch.GetTimestamp());

    /// <summary>When it began, in ticks of the clock that all processes of a machine share.</summary>
    [Function("WhenBegun")]
    public static async Task<string> WhenBegunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "begun/{id}")] HttpRequest request, string id)
    {
        long ticks = await Of(id).Task.WaitAsync(TimeSpan.FromSeconds(10), request.HttpContext.RequestAborted);
        Begun.TryRemove(id, out _);
        return ticks.ToString(CultureInfo.InvariantCulture);
    }

    private static TaskCompletionSource<long> Of(string id) =>
        Begun.GetOrAdd(id, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
