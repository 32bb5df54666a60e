using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>Functions that show how the host is operated: what it knows of a caller.</summary>
public sealed class OperationSamples(Journal journal, IConfiguration configuration)
{
    [Function("Caller")]
    public static string Caller([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
        $"{request.Scheme}://{request.Host} {request.HttpContext.Connection.RemoteIpAddress}";

    [Function("FileOf")]
    public static Node FileOf(
        [HttpTrigger(AuthorizationLevel.Function, "get", "delete", Route = "files/{area:alpha:length(2,8)}/{page:range(1,99)}/{file?}")]
        HttpRequest request,
        string area,
        int page,
        string? file,
        bool deep,
        int most = 10) => new($"{request.Method} {area} {page} {file} {deep} {most}", null);

    /// <summary>Runs for as long as the message says; "deaf" runs for ever and does not heed its token.</summary>
    [Function("Patient")]
    public async Task PatientAsync([QueueTrigger("%PATIENT%")] string body, CancellationToken token)
    {
        journal.Write($"began {body}");
        await (body == "deaf" ? Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None) : Task.Delay(TimeSpan.Parse(body), token));
        journal.Write($"ended {body}");
    }

    /// <summary>Answers after the time in its route.</summary>
    [Function("Wait")]
    public async Task<string> WaitAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "wait/{time}")] HttpRequest request,
        TimeSpan time)
    {
        journal.Write($"waits {time}");
        await Task.Delay(time, request.HttpContext.RequestAborted);
        return "done";
    }

    [Function("StartErrand")]
    public static Task StartErrandAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "errands/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        string id) =>
        client.ScheduleNewOrchestrationInstanceAsync(
            "Errand", input: null, new StartOrchestrationOptions(id), request.HttpContext.RequestAborted);

    [Function("Errand")]
    public static Task<string> ErrandAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.CallActivityAsync<string>("RunErrand", context.InstanceId);

    /// <summary>Takes as long as the setting ERRAND says.</summary>
    [Function("RunErrand")]
    public async Task<string> RunErrandAsync([ActivityTrigger] string id, CancellationToken token)
    {
        journal.Write($"errand {id}");
        await Task.Delay(TimeSpan.Parse(configuration["ERRAND"] ?? "00:00:00"), token);
        return "run";
    }

    /// <summary>Waits for the end of an instance with the client alone, and without a token.</summary>
    [Function("Await")]
    public async Task<string> AwaitAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "await/{id}")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        string id)
    {
        journal.Write($"awaits {id}");
        return (await client.WaitForInstanceCompletionAsync(id, CancellationToken.None)).RuntimeStatus.ToString();
    }

    /// <summary>The same, for an instance that a message names.</summary>
    [Function("AwaitOrder")]
    public async Task AwaitOrderAsync([QueueTrigger("%ORDERS%")] string id, [DurableClient] DurableTaskClient client)
    {
        journal.Write($"awaits {id}");
        await client.WaitForInstanceCompletionAsync(id, CancellationToken.None);
    }

    /// <summary>A type that contains itself.</summary>
    public sealed record Node(string Name, Node? Next);
}
