using System.Globalization;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>
/// <c>POST /api/incidents/{id}/approval</c>: a person's answer to a plan that waits, as the external event of the incident. 202, 404, 409
/// when the incident does not wait for an answer or asks another question, 410 when it has ended.
/// </summary>
internal sealed class ApproveIncident
{
    private const int MaximumNameLength = 200;

    [Function(nameof(ApproveIncident))]
    public static async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "incidents/{id}/approval")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        (ApprovalEvent? answer, string? fault) = await ReadAsync(request, cancellationToken);
        if (answer is null)
        {
            return Problem.Refused(fault!, correlationId);
        }

        OrchestrationMetadata? incident = id.StartsWith(IncidentView.IdPrefix, StringComparison.Ordinal)
            ? await client.GetInstanceAsync(id, getInputsAndOutputs: true, cancellationToken)
            : null;
        if (incident is null)
        {
            return Problem.NotFound("There is no incident with this id.", correlationId);
        }

        if (incident.IsCompleted)
        {
            return Problem.Gone(
                $"Incident '{incident.InstanceId}' has ended ({incident.RuntimeStatus}); there is nothing to approve.", correlationId);
        }

        IncidentStatus? status = incident.SerializedCustomStatus is null ? null : incident.ReadCustomStatusAs<IncidentStatus>();
        if (Objection(status, answer) is { } objection)
        {
            return Problem.Conflict(objection, new[] { objection }, correlationId);
        }

        // An answer is bound to the question that is shown now: sent twice, the second one must not answer the next question.
        await client.RaiseEventAsync(id, ApprovalEvent.Name, answer with { Question = status!.Question }, cancellationToken);
        return new AcceptedResult();
    }

    private static string? Objection(IncidentStatus? status, ApprovalEvent answer)
    {
        if (status is not { Phase: Phase.Approve })
        {
            return "The incident does not wait for an answer: "
                + $"its phase is {status?.Phase.ToString() ?? "not known yet"}, expected Approve. "
                + "An answer that came before has ended the question; GET /api/incidents/{id} shows what goes on.";
        }

        // An older program that asked gave its question no number.
        return answer.Question is { } answered && status.Question is { } asked && answered != asked
            ? string.Create(CultureInfo.InvariantCulture,
                $"The incident waits for an answer to question {asked}, not {answered}: {status.Detail}. Read it, and answer that.")
            : null;
    }

    private static async Task<(ApprovalEvent? Answer, string? Fault)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        const string Expected = "a JSON object such as {\"approved\": true, \"by\": \"on-call\", \"comment\": \"go ahead\"}";
        (ApprovalRequest? answer, string? fault) = await JsonBody.ReadAsync<ApprovalRequest>(request, Expected, cancellationToken);
        return answer switch
        {
            null => (null, fault),
            { Approved: { } approved, By: { Length: > 0 and <= MaximumNameLength } by } =>
                (new ApprovalEvent(approved, by, answer.Parameters, answer.Comment, answer.Question), null),
            _ => (null, "'approved' (true or false) and 'by' "
                + $"(who answers, 1 to {MaximumNameLength} characters) are required: {Expected}."),
        };
    }

    private sealed record ApprovalRequest(
        bool? Approved, string? By, Dictionary<string, string>? Parameters, string? Comment, int? Question);
}
