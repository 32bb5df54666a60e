using Heal.Activities;
using Heal.Healing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Incidents;

/// <summary>
/// At start and every minute: looks whether each open incident has somebody who works on it. One whose orchestration failed or was
/// terminated is closed, so that the next signal of its target opens a new one; one without an orchestration (a hub that was emptied) is
/// started again.
/// </summary>
internal sealed partial class TendIncidents(
    IUnclosedIncidents incidents, TendMetrics metrics, TimeProvider time, ILogger<TendIncidents> logger)
{
    private const int ReasonLength = 300;

    [Function(nameof(TendIncidents))]
    public async Task RunAsync(
        [TimerTrigger("20 * * * * *", RunOnStartup = true)] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        var round = new TendRound("incident", "heal.incident", metrics, logger);
        await round.RunAsync(
            incidents.PageAsync,
            row => new(
                row.TargetKey,
                row.Id,
                row.Input is { } incident ? () => TendAsync(client, incident, cancellationToken) : null,
                row.Fault),
            cancellationToken);
    }

    private async Task<string?> TendAsync(DurableTaskClient client, IncidentInput incident, CancellationToken cancellationToken)
    {
        OrchestrationMetadata? run = await client.GetInstanceAsync(incident.IncidentId, getInputsAndOutputs: false, cancellationToken);
        var orchestrations = new DurableIncidents(client);
        if (run is null)
        {
            if (time.GetUtcNow() - incident.OpenedAt < 2 * StrandedIncident.StartsWithin)
            {
                return null;
            }

            Log.Missing(logger, incident.IncidentId, incident.Target.ToString());
            await orchestrations.StartAsync(incident, cancellationToken);
            return "started";
        }

        if (run.RuntimeStatus is OrchestrationRuntimeStatus.Running or OrchestrationRuntimeStatus.Pending
            or OrchestrationRuntimeStatus.Suspended
            || !await incidents.IsOpenAsync(incident.IncidentId, cancellationToken))
        {
            return null;
        }

        // Asked again after its end was seen: one that ends as it should has closed the incident before.
        StrandedIncident stranded = Judge(incident, (await client.GetInstanceAsync(
            incident.IncidentId, getInputsAndOutputs: true, cancellationToken))!);
        Log.Stranded(logger, incident.IncidentId, incident.Target.ToString(), stranded.Reason);
        await orchestrations.CloseAsync(stranded, cancellationToken);
        return "closed";
    }

    private static StrandedIncident Judge(IncidentInput incident, OrchestrationMetadata run) =>
        run.RuntimeStatus == OrchestrationRuntimeStatus.Terminated
            ? new(incident, OutcomeKind.Superseded, Line($"its orchestration was terminated: {run.SerializedOutput ?? "without a reason"}"))
            : new(incident, OutcomeKind.Failed, Line(
                $"its orchestration ended as {run.RuntimeStatus} without closing it: "
                + $"{run.FailureDetails?.ErrorMessage ?? "no reason is known"}; what it had begun is in the operation ledger"));

    private static string Line(string text) => SafeText.Line(text, ReasonLength);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Incident {Incident} of {Target} is open, but no orchestration works on it: it is started again.")]
        public static partial void Missing(ILogger logger, string incident, string target);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "Incident {Incident} of {Target} is open, but nobody works on it: {Reason}. It is closed, and the next signal of "
                + "the target opens a new one.")]
        public static partial void Stranded(ILogger logger, string incident, string target, string reason);
    }
}
