using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using FromBodyAttribute = Microsoft.Azure.Functions.Worker.Http.FromBodyAttribute;

namespace Approval;

/// <summary>An expense to be approved by a person, who has so many seconds for it.</summary>
public sealed record Expense(string Purpose, decimal Amount, int SecondsToDecide = 3600);

/// <summary>The answer of the person.</summary>
public sealed record Decision(bool Approved, string? Comment = null);

/// <summary>Asks a person, waits for the answer or for the time to be over, whichever comes first.</summary>
public sealed class ApproveExpense(ILogger<ApproveExpense> logger)
{
    private const string DecisionEvent = "Decision";

    [Function(nameof(ApproveExpense))]
    public static async Task<string> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context, Expense expense)
    {
        await context.CallActivityAsync(nameof(RequestApproval), expense);
        context.SetCustomStatus("waiting for a decision");
        try
        {
            Decision decision = await context.WaitForExternalEvent<Decision>(
                DecisionEvent, TimeSpan.FromSeconds(expense.SecondsToDecide));
            context.SetCustomStatus("decided");
            return decision.Approved ? "approved" : $"rejected: {decision.Comment ?? "no reason given"}";
        }
        catch (TaskCanceledException)
        {
            context.SetCustomStatus("nobody decided in time");
            return await context.CallActivityAsync<string>(nameof(Escalate), expense);
        }
    }

    [Function(nameof(RequestApproval))]
    public void RequestApproval([ActivityTrigger] Expense expense, string instanceId) => logger.LogInformation(
        "Please approve {Amount} for {Purpose}: POST /api/expenses/{InstanceId}/decision", expense.Amount, expense.Purpose, instanceId);

    [Function(nameof(Escalate))]
    public string Escalate([ActivityTrigger] Expense expense)
    {
        logger.LogWarning("Nobody decided about {Amount} for {Purpose}", expense.Amount, expense.Purpose);
        return "escalated";
    }

    [Function("SubmitExpense")]
    public static async Task<IActionResult> SubmitAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "expenses")] HttpRequest request,
        [FromBody] Expense expense,
        [DurableClient] DurableTaskClient client)
    {
        string instanceId = await client.ScheduleNewOrchestrationInstanceAsync(
            nameof(ApproveExpense), expense, request.HttpContext.RequestAborted);
        return new AcceptedResult($"/api/expenses/{instanceId}", new { instanceId });
    }

    [Function("GetExpense")]
    public static async Task<IActionResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "expenses/{instanceId}")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        string instanceId)
    {
        OrchestrationMetadata? instance = await client.GetInstanceAsync(
            instanceId, getInputsAndOutputs: true, request.HttpContext.RequestAborted);
        return instance is null
            ? new NotFoundResult()
            : new OkObjectResult(new
            {
                status = instance.RuntimeStatus.ToString(),
                step = instance.ReadCustomStatusAs<string>(),
                result = instance.ReadOutputAs<string>(),
            });
    }

    [Function("DecideExpense")]
    public static async Task<IActionResult> DecideAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "expenses/{instanceId}/decision")] HttpRequest request,
        [FromBody] Decision decision,
        [DurableClient] DurableTaskClient client,
        string instanceId)
    {
        await client.RaiseEventAsync(instanceId, DecisionEvent, decision, request.HttpContext.RequestAborted);
        return new AcceptedResult();
    }
}
