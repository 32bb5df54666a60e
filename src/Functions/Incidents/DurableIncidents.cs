using System.Diagnostics;
using DurableTask.Core.Exceptions;
using Heal.Activities;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>Incidents as orchestrations of the hub that a client reaches.</summary>
internal sealed class DurableIncidents(DurableTaskClient client) : IIncidents
{
    /// <summary>The name of the source of spans that stand for the routing of one signal.</summary>
    public const string SpanSource = "Heal.Intake";

    private static readonly ActivitySource Source = new(SpanSource);

    private static readonly OrchestrationRuntimeStatus[] AnyStatus =
    [
        OrchestrationRuntimeStatus.Pending,
        OrchestrationRuntimeStatus.Running,
        OrchestrationRuntimeStatus.Suspended,
        OrchestrationRuntimeStatus.Completed,
        OrchestrationRuntimeStatus.Failed,
        OrchestrationRuntimeStatus.Terminated,
    ];

    // What failed or was terminated has not done its work, and may be begun again.
    private static readonly OrchestrationRuntimeStatus[] UnderWayOrDone =
        [.. AnyStatus.Except([OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated])];

    public async Task StartAsync(IncidentInput incident, Signal signal, CancellationToken cancellationToken)
    {
        using Activity? span = Begin(signal);
        await StartAsync(OrchestrationNames.Incident, incident.IncidentId, incident, AnyStatus, cancellationToken);
    }

    /// <summary>As a part of the trace that is current.</summary>
    public Task StartAsync(IncidentInput incident, CancellationToken cancellationToken) =>
        StartAsync(OrchestrationNames.Incident, incident.IncidentId, incident, AnyStatus, cancellationToken);

    public async Task TellAsync(string incidentId, Signal signal, CancellationToken cancellationToken)
    {
        using Activity? span = Begin(signal);
        await client.RaiseEventAsync(incidentId, SignalEvent.Name, SignalEvent.Of(signal), cancellationToken);
    }

    public async Task LookAsync(Signal signal, CancellationToken cancellationToken)
    {
        using Activity? span = Begin(signal);
        await StartAsync(OrchestrationNames.RouteSignal, signal.InstanceId, signal, UnderWayOrDone, cancellationToken);
    }

    public async Task<LookProgress> FindLookAsync(Signal signal, CancellationToken cancellationToken)
    {
        OrchestrationMetadata? look = await client.GetInstanceAsync(signal.InstanceId, getInputsAndOutputs: false, cancellationToken);
        return look?.RuntimeStatus switch
        {
            OrchestrationRuntimeStatus.Completed => LookProgress.Done,
            null or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated => LookProgress.Lost,
            _ => LookProgress.UnderWay,
        };
    }

    /// <summary>Has an incident closed that nobody works on any more. An attempt that came to nothing may be begun again.</summary>
    public Task CloseAsync(StrandedIncident incident, CancellationToken cancellationToken) =>
        StartAsync(OrchestrationNames.CloseStranded, incident.InstanceId, incident, UnderWayOrDone, cancellationToken);

    /// <summary>Begins what ends an effect with a time limit, once.</summary>
    public Task ExpireAsync(ExpiryRequest expiry, CancellationToken cancellationToken) =>
        StartAsync(OrchestrationNames.ExpireAction, expiry.InstanceId, expiry, AnyStatus, cancellationToken);

    /// <summary>As <see cref="ExpireAsync"/>, also where an attempt came to nothing.</summary>
    public Task ExpireAgainAsync(ExpiryRequest expiry, CancellationToken cancellationToken) =>
        StartAsync(OrchestrationNames.ExpireAction, expiry.InstanceId, expiry, UnderWayOrDone, cancellationToken);

    private async Task StartAsync(
        string name, string id, object input, OrchestrationRuntimeStatus[] known, CancellationToken cancellationToken)
    {
        StartOrchestrationOptions options = new StartOrchestrationOptions(id).WithDedupeStatuses(known);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(name, input, options, cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // An earlier attempt of this very call got through.
        }
    }

    // The batch has a trace of its own; the incident goes on with that of its signal. Not null when only others listen: the engine's spans
    // take their parent from it.
    private static Activity? Begin(Signal signal)
    {
        if (signal.TraceParent is not { } parent || !ActivityContext.TryParse(parent, null, isRemote: true, out ActivityContext context))
        {
            return null;
        }

        return Source.StartActivity("route signal", ActivityKind.Consumer, context)
            ?? new Activity("route signal").SetParentId(parent).Start();
    }
}
