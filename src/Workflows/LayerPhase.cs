using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// What an incident owes to the layers above and below its target. Decided when the evidence was collected: an incident whose evidence
/// says nothing of layers, as all did once, takes no step here.
/// </summary>
internal sealed class LayerPhase(TaskOrchestrationContext context, IncidentState state)
{
    /// <summary>Looks that end in "not known yet": two minutes' worth, and then the incident goes on without an answer.</summary>
    private const int Waits = 12;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);

    private int _waits;

    /// <summary>
    /// Before anything is done to the target: is a layer below it at fault? Then the fault is brought to the incident of that layer, and
    /// this one ends.
    /// </summary>
    /// <param name="seen">A look at the target.</param>
    /// <returns>Null: go on. Else how it ends, or nothing when the target must be looked at again.</returns>
    public async Task<(Ending? Ending, bool Again)?> HandOverAsync(EvidenceBundle? seen)
    {
        if (seen?.Layers?.Verdict is not { } verdict) return null;
        switch (verdict.Course)
        {
            case LayerCourse.HandOver:
                return await HandOverAsync(verdict);
            case LayerCourse.Leave:
                var undone = state.Actions.Any(action => action.Undone);
                return (new Ending(undone ? OutcomeKind.RolledBack : OutcomeKind.NoActionNeeded, verdict.Reason), false);
            case LayerCourse.Wait when _waits++ < Waits:
                await LookAgainAsync(verdict.Reason);
                return (null, true);
            default:
                return null;
        }
    }

    /// <summary>
    /// Where the target was seen healthy: are the nodes that stand on it ready too? A node that a virtual machine is gets its time for
    /// that, and is a reason to call people when it does not get there; but none to undo what helped the machine. For the nodes on a host
    /// their own machines answer: of them it is only told.
    /// </summary>
    public async Task<Ending> WithNodesAsync(Ending healthy)
    {
        var isMachine = state.Input.Target.Kind == TargetKinds.VirtualMachine;
        if (state.Evidence?.Layers is not { Above: { Count: > 0 } above } layers) return healthy;
        var look = await LookAsync(above.Select(item => item.Node).ToList(), isMachine ? layers.NodeReadyWithin : TimeSpan.Zero);
        return isMachine && look.AllReady == false
            ? new Ending(OutcomeKind.Escalated,
                $"{healthy.Reason}; but {look.Reason}: what is wrong above {state.Input.Target} is left to people")
            : healthy with { Reason = $"{healthy.Reason}; {look.Reason}" };
    }

    private async Task<AboveLook> LookAsync(List<string> nodes, TimeSpan within)
    {
        var deadline = state.Now + within;
        while (true)
        {
            var look = await LookAsync(nodes);
            var left = deadline - state.Now;
            if (look.AllReady == true || left <= TimeSpan.Zero) return look;
            state.Enter(Phase.Verify, look.Reason);
            await context.CreateTimer(left < BetweenLooks ? left : BetweenLooks, CancellationToken.None);
        }
    }

    private async Task<(Ending? Ending, bool Again)?> HandOverAsync(LayerVerdict verdict)
    {
        // Its incident is open already, and looks after the nodes above by itself.
        if (verdict.Signal is not { } signal) return (Handed(verdict.Reason, verdict.IncidentId!), false);
        var joined = await JoinAsync(new JoinRequest(signal, verdict.Target!) { Through = $"from {state.Input.IncidentId}" });
        if (joined.ClosedAs is OutcomeKind.Healed or OutcomeKind.NoActionNeeded)
        {
            // It ended well after the evidence was collected, or the fault is back. A second look tells.
            if (_waits++ == 0)
            {
                await LookAgainAsync($"incident {joined.IncidentId} of {verdict.Target} has just ended as {joined.ClosedAs}");
                return (null, true);
            }

            joined = await JoinAsync(new JoinRequest(signal, verdict.Target!, ShowsNewFault: true));
        }

        return (Handed(verdict.Reason, joined.IncidentId!), false);
    }

    private async Task<JoinResult> JoinAsync(JoinRequest request)
    {
        var joined = await context.CallJoinIncidentAsync(request, Retries.Store);
#pragma warning disable DURABLE2003 // It needs the durable client, and so lives beside the triggers, in a project that references this one.
        if (joined.Start is not null) await context.CallActivityAsync<string>(ActivityNames.StartIncident, joined.Start, Retries.Store);
#pragma warning restore DURABLE2003
        if (joined is { Opened: false, ClosedAs: null, IncidentId: { } incident })
        {
            context.SendEvent(incident, SignalEvent.Name, SignalEvent.Of(request.Signal));
        }

        return joined;
    }

    private async Task LookAgainAsync(string why)
    {
        state.Enter(Phase.Wait, why);
        await context.CreateTimer(BetweenLooks, CancellationToken.None);
    }

    private async Task<AboveLook> LookAsync(List<string> nodes)
    {
        try
        {
            return await context.CallLookAboveAsync(nodes, Retries.Look);
        }
        catch (TaskFailedException e)
        {
            return new AboveLook(null, $"the nodes above could not be looked at: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
        }
    }

    private static Ending Handed(string reason, string incident) =>
        new(OutcomeKind.HandedOver, $"{reason}; handed over to {incident}, and nothing more was done here");
}
