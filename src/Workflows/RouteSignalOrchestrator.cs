using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Brings one signal to the incident of its target, when that takes more than a moment: the last incident has ended well, and the target
/// has to be looked at. All signals that an older program stored are routed this way. The signal is attached in the store before anything
/// else is told of it, so that it cannot get lost between an incident that is about to close and one that is about to open.
/// </summary>
[DurableTask(OrchestrationNames.RouteSignal)]
internal sealed class RouteSignalOrchestrator : TaskOrchestrator<Signal, RouteOutcome>
{
    private const int Looks = 6;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);

    public override async Task<RouteOutcome> RunAsync(TaskOrchestrationContext context, Signal? input)
    {
        var signal = input!;
        var resolution = await context.CallResolveTargetAsync(signal, Retries.Routing);
        if (resolution.Target is not { } target)
        {
            var kind = resolution.Verdict == TargetVerdict.Ignored ? RouteKind.Ignored : RouteKind.Rejected;
            return await RecordAsync(context, signal, kind, null, resolution.Reason);
        }

        // The fault below comes first: of it the incident is, and the signal joins it.
        if (resolution.Below is { } below) await AttachAsync(context, below, target, null, resolution);
        var joined = await AttachAsync(context, signal, target, resolution.Through, resolution);
        if (joined.IncidentId is not { } incident) return await RecordAsync(context, signal, RouteKind.Ignored, target, joined.Reason);
        return new RouteOutcome(signal.Id, joined.Opened ? RouteKind.Started
            : RouteKind.Joined, incident, target.ToString(), joined.Reason);
    }

    private static async Task<JoinResult> AttachAsync(
        TaskOrchestrationContext context, Signal signal, TargetReference target, string? through, TargetResolution resolution)
    {
        var joined = await context.CallJoinIncidentAsync(new JoinRequest(signal, target) { Through = through }, Retries.Store);
        if (joined.ClosedAs is OutcomeKind.Healed or OutcomeKind.NoActionNeeded && signal.Alert.Status == AlertStatus.Firing
            && await IsFaultyAgainAsync(context, signal, target, resolution))
        {
            var again = new JoinRequest(signal, target, ShowsNewFault: true) { Through = through };
            joined = await context.CallJoinIncidentAsync(again, Retries.Store);
        }

#pragma warning disable DURABLE2003 // It needs the durable client, and so lives beside the triggers, in a project that references this one.
        if (joined.Start is not null) await context.CallActivityAsync<string>(ActivityNames.StartIncident, joined.Start, Retries.Store);
#pragma warning restore DURABLE2003
        if (joined is { IncidentId: { } incident, Opened: false, ClosedAs: null })
        {
            context.SendEvent(incident, SignalEvent.Name, SignalEvent.Of(signal));
        }

        return joined;
    }

    // The last incident ended well and this alert came after: a late echo, or the fault is back. The target itself says which.
    private static async Task<bool> IsFaultyAgainAsync(
        TaskOrchestrationContext context, Signal signal, TargetReference target, TargetResolution resolution)
    {
        // Whoever found the fault below has looked at it; and an alert of a layer above says nothing of a target that has no such fault.
        if (resolution.Through is not null) return resolution.Below is not null;
        try
        {
            return await ShowsFaultAsync(context, signal, target);
        }
        catch (TaskFailedException)
        {
            // It could not be looked at for as long as that is tried. Then the alert stands: the next of its kind is known, and would not
            // be looked at again.
            return true;
        }
    }

    private static async Task<bool> ShowsFaultAsync(TaskOrchestrationContext context, Signal signal, TargetReference target)
    {
        for (var look = 0; look < Looks; look++)
        {
            var evidence = await context.CallCollectEvidenceAsync(new CollectRequest(target), Retries.Routing);
            var detection = await context.CallDetectFaultAsync(
                evidence with { Claim = signal.Alert.Name }, Retries.Judging);

            // A kind that cannot be looked at cannot contradict the alert, and neither can it show a second fault. What was seen can: the
            // conditions of a node, the status of a claim, a Job, an autoscaler.
            if (detection.Verdict != DetectionVerdict.TooEarly) return detection.Verdict == DetectionVerdict.Faulty
                && (evidence.Workload is not null || evidence.Machine is not null || detection.Evidence.Count > 0);
            await context.CreateTimer(BetweenLooks, CancellationToken.None);
        }

        return true;
    }

    private static async Task<RouteOutcome> RecordAsync(
        TaskOrchestrationContext context, Signal signal, RouteKind kind, TargetReference? target, string reason)
    {
        await context.CallRecordSignalAsync(new UnroutedSignal(signal, kind, reason), Retries.Store);
        return new RouteOutcome(signal.Id, kind, null, target?.ToString(), reason);
    }
}
