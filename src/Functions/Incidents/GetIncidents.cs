using Heal.Functions.Http;
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

    [Function("ListIncidents")]
    public static async Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "incidents")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string? top = request.Query["top"];
        if (top is not null && (!int.TryParse(top, out int wanted) || wanted is < 1 or > MaximumPageSize))
        {
            return Problem.Refused(
                $"Query parameter 'top': expected a number from 1 to {MaximumPageSize}, got '{SafeText(top)}'.",
                Correlation.Of(request.HttpContext));
        }

        int size = top is null ? DefaultPageSize : int.Parse(top, System.Globalization.CultureInfo.InvariantCulture);
        var query = new OrchestrationQuery(
            InstanceIdPrefix: IncidentView.IdPrefix,
            PageSize: size,
            FetchInputsAndOutputs: true,
            ContinuationToken: request.Query["after"]);
        await foreach (Page<OrchestrationMetadata> page in client.GetAllInstancesAsync(query)
            .AsPages(query.ContinuationToken, size).WithCancellation(cancellationToken))
        {
            return new OkObjectResult(new IncidentPage([.. page.Values.Select(IncidentView.Of)], page.ContinuationToken));
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
            ? Problem.NotFound($"There is no incident '{SafeText(id)}'.", Correlation.Of(request.HttpContext))
            : new OkObjectResult(IncidentView.Of(metadata));
    }

    private static string SafeText(string text) => text.Length <= 100 ? text : text[..100] + "...";

    private sealed record IncidentPage(IReadOnlyList<IncidentView> Incidents, string? After);
}
