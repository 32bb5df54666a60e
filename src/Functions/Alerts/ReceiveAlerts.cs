using System.Diagnostics;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Alerts;

/// <summary>
/// <c>POST /api/alerts</c>: Alertmanager's webhook, version 4, unmodified. Answers 202 only when every usable alert is stored.
/// </summary>
internal sealed class ReceiveAlerts(AlertDoor door, AlertSettings settings, TimeProvider time)
{
    [Function(nameof(ReceiveAlerts))]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "alerts")] HttpRequest request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        BoundedBody body = await BoundedBody.ReadAsync(request, settings.MaximumBodyBytes, cancellationToken);
        if (body.Content is not { } content)
        {
            return Problem.TooLarge(settings.MaximumBodyBytes, correlationId);
        }

        AlertBatch batch = AlertmanagerPayload.Parse(content);
        if (batch.IsRefused)
        {
            return Problem.Refused("The body is not an Alertmanager webhook payload that can be used.", batch.Faults, correlationId);
        }

        DateTimeOffset now = time.GetUtcNow();
        string? trace = Activity.Current?.Id;
        Signal[] signals = [.. batch.Alerts.Select(alert => Signal.Of(alert, SignalSource.Webhook, now, correlationId, trace))];
        try
        {
            (IReadOnlyList<StoredSignal> stored, string? warning) = await door.StoreAsync(client, signals, cancellationToken);
            return new AcceptedJson<AlertsReply>(new AlertsReply(correlationId, stored, batch.Faults, batch.Truncated, warning));
        }
        catch (IntakeUnavailableException unavailable)
        {
            return Problem.Unavailable(unavailable.Message, correlationId, request.HttpContext);
        }
    }

    /// <param name="Signals">What was stored, in the order of the payload.</param>
    /// <param name="Rejected">Alerts of the payload that cannot be used, and why. The others were taken.</param>
    /// <param name="Truncated">Alerts that the sender left out of the payload; the reconcile fetches them.</param>
    /// <param name="Warning">What is wrong with where they come from, or with the settings that should tell; null: nothing.</param>
    private sealed record AlertsReply(
        string CorrelationId, IReadOnlyList<StoredSignal> Signals, IReadOnlyList<AlertFault> Rejected, int Truncated, string? Warning);
}
