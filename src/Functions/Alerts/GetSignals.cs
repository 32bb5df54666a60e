using Heal.Activities;
using Heal.Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Alerts;

/// <summary>
/// <c>GET /api/signals/{id}</c>: where a stored signal is, or went. <c>GET /api/signals?state=parked</c> and <c>?incident=ID</c>: lists.
/// <c>POST /api/signals/{id}/retry</c>: routes a parked one after all.
/// </summary>
internal sealed class GetSignals(IReceivedSignals signals, RoutingPump routing, TimeProvider time)
{
    [Function("GetSignal")]
    public async Task<IActionResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "signals/{id}")] HttpRequest request,
        string id,
        CancellationToken cancellationToken) =>
        await signals.FindAsync(id, cancellationToken) is { } found
            ? new OkObjectResult(found)
            : Problem.NotFound("There is no signal with this id, or it is forgotten.", Correlation.Of(request.HttpContext));

    [Function("ListSignals")]
    public async Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "signals")] HttpRequest request, CancellationToken cancellationToken)
    {
        (string? state, string? incident) = (request.Query["state"], request.Query["incident"]);
        return (state, incident) switch
        {
            ("parked", null) => new OkObjectResult(new SignalPage(await signals.ParkedAsync(cancellationToken))),
            (null, { Length: > 0 }) => new OkObjectResult(new SignalPage(await signals.OfIncidentAsync(incident, cancellationToken))),
            _ => Problem.Refused("Query: expected either state=parked or incident=ID.", Correlation.Of(request.HttpContext)),
        };
    }

    [Function("RetrySignal")]
    public async Task<IActionResult> RetryAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "signals/{id}/retry")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        if (!await signals.RetryAsync(id, time.GetUtcNow(), cancellationToken))
        {
            return Problem.NotFound("There is no parked signal with this id.", Correlation.Of(request.HttpContext));
        }

        routing.WakeForOthers(client);
        return new AcceptedResult();
    }

    private sealed record SignalPage(IReadOnlyList<SignalState> Signals);
}
