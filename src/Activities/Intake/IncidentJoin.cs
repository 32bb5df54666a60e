using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Attaches a signal to the incident of its target, or opens one with the workflow that serves the alert pinned in its
/// input.</summary>
internal sealed partial class IncidentJoin(
    IHealStore store, IAttachedSignals attached, WorkflowCatalogue workflows, ActionCatalogue actions, IOptionsMonitor<HealOptions> options,
    TimeProvider time, ILogger<IncidentJoin> logger)
{
    public async Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        var (settings, now) = (options.CurrentValue, time.GetUtcNow());
        IReadOnlyList<string> passed = [];
        var result = await store.JoinAsync(request, settings.JoinWindow, now, Open, cancellationToken);
        if (result is { ClosedAs: OutcomeKind.Escalated, IncidentId: { } last }
            && await MoreAsync(request, last, cancellationToken) is { } more)
        {
            passed = more.Passed;
            result = await store.JoinAsync(request with { WhyAnew = more.Why }, settings.JoinWindow, now, Open, cancellationToken);
        }

        Log.Attached(logger, request.Signal.Id, request.Signal.Alert.Name, request.Target.ToString(), result.IncidentId
            ?? "no incident", result.Reason);
        return result;

        IncidentInput Open(int episode) => new(
            request.Target.IncidentId(episode), request.Target, episode, request.Signal, workflows.For(request.Signal), settings.Limits,
            now) { Passed = passed };
    }

    // Whoever came first chose the workflow, and there it was the wrong one, or none: this signal must not be lost in what came of it.
    private async Task<(IReadOnlyList<string> Passed, string Why)?> MoreAsync(
        JoinRequest request, string last, CancellationToken cancellationToken)
    {
        if (await attached.UnhelpedAsync(last, cancellationToken) is not { } unhelped) return null;
        var workflow = workflows.For(request.Signal);
        var brought = unhelped.Signals.Select(workflows.For).OfType<WorkflowDefinition>().ToList();
        if (!JoinPolicy.BringsMore(request.Signal, request.Target, workflow, unhelped, brought, actions.Descriptors)) return null;
        return ([.. unhelped.Passed.Union(brought.Select(other => other.Name))],
            $"incident {last} had nothing for the fault, and this alert brings workflow '{workflow!.Name}'");
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signal {Signal} (alert {Alert}, {Target}) goes to {Incident}: {Reason}")]
        public static partial void Attached(ILogger logger, string signal, string alert, string target, string incident, string reason);
    }
}
