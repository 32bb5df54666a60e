using System.Globalization;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary><c>GET /api/incidents</c> and <c>GET /api/incidents/{id}</c>: what goes on and what came of it.</summary>
internal sealed class GetIncidents
{
    private const int DefaultPageSize = 50;
    private const int MaximumPageSize = 500;

    /// <summary>Characters of what was asked that are shown in an answer.</summary>
    private const int ShownLength = 100;

    [Function("ListIncidents")]
    public static async Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "incidents")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string? top = request.Query["top"];
        int size = DefaultPageSize;
        if (top is not null
            && (!int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > MaximumPageSize))
        {
            return Problem.Refused(
                $"Query parameter 'top': expected a number from 1 to {MaximumPageSize}, got '{SafeText.Line(top, ShownLength)}'.",
                Correlation.Of(request.HttpContext));
        }

        string? after = request.Query["after"];
        var query = new OrchestrationQuery(
            InstanceIdPrefix: IncidentView.IdPrefix,
            PageSize: size,
            FetchInputsAndOutputs: true,
            ContinuationToken: after);
        try
        {
            await foreach (Page<OrchestrationMetadata> page in client.GetAllInstancesAsync(query)
                .AsPages(after, size).WithCancellation(cancellationToken))
            {
                return new OkObjectResult(new IncidentPage([.. page.Values.Select(IncidentView.Of)], page.ContinuationToken));
            }
        }
        catch (ArgumentException) when (!string.IsNullOrEmpty(after))
        {
            // What a token looks like only the hub knows.
            return Problem.Refused(
                $"Query parameter 'after': expected what an earlier page gave as 'after', got '{SafeText.Line(after, ShownLength)}'. "
                + "Leave it out for the first page.",
                Correlation.Of(request.HttpContext));
        }

        return new OkObjectResult(new IncidentPage([], null));
    }

    [Function("GetIncident")]
    public static async Task<IActionResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "incidents/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        OrchestrationMetadata? metadata = id.StartsWith(IncidentView.IdPrefix, StringComparison.Ordinal)
            ? await client.GetInstanceAsync(id, getInputsAndOutputs: true, cancellationToken)
            : null;
        return metadata is null
            ? Problem.NotFound($"There is no incident '{SafeText.Line(id, ShownLength)}'.", Correlation.Of(request.HttpContext))
            : new OkObjectResult(IncidentView.Of(metadata));
    }

    private sealed record IncidentPage(IReadOnlyList<IncidentView> Incidents, string? After);
}
