using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Attaches a signal to the incident of its target, or opens one with the workflow that serves the alert pinned in its
/// input.</summary>
internal sealed partial class IncidentJoin(
    IHealStore store, WorkflowCatalogue workflows, IOptionsMonitor<HealOptions> options, TimeProvider time, ILogger<IncidentJoin> logger)
{
    public async Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        var (settings, now) = (options.CurrentValue, time.GetUtcNow());
        var result = await store.JoinAsync(request, settings.JoinWindow, now, Open, cancellationToken);
        Log.Attached(logger, request.Signal.Id, request.Signal.Alert.Name, request.Target.ToString(), result.IncidentId
            ?? "no incident", result.Reason);
        return result;

        IncidentInput Open(int episode) => new(
            request.Target.IncidentId(episode), request.Target, episode, request.Signal, Workflow(request.Signal), settings.Limits, now);
    }

    private WorkflowDefinition? Workflow(Signal signal) =>
        signal.Workflow is { } name ? workflows.Named(name) : workflows.For(signal.Alert);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signal {Signal} (alert {Alert}, {Target}) goes to {Incident}: {Reason}")]
        public static partial void Attached(ILogger logger, string signal, string alert, string target, string incident, string reason);
    }
}
