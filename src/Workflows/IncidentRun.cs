using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>The course of one incident. Deterministic: everything that it knows comes from its input, from activities, timers and
/// events.</summary>
internal sealed class IncidentRun
{
    /// <summary>Looks at a target that is still changing before it counts as faulty: two minutes' worth.</summary>
    private const int Settlings = 12;

    /// <summary>Looks at a target that stands on something which is not ready: a quarter of an hour's worth.</summary>
    private const int BlockedLooks = 18;

    private static readonly TimeSpan SettleFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBlockedPause = TimeSpan.FromSeconds(60);

    private readonly TaskOrchestrationContext _context;
    private readonly IncidentState _state;
    private readonly ApprovalPhase _approval;
    private readonly RecoveryPhase _recovery;
    private readonly LayerPhase _layers;
    private int _settlings;
    private int _waits;
    private int _blockedLooks;
    private Block? _blocked;
    private int _looks;

    public IncidentRun(TaskOrchestrationContext context, IncidentInput input)
    {
        _context = context;
        _state = new IncidentState(context, input);
        _approval = new ApprovalPhase(context, _state);
        _layers = new LayerPhase(context, _state);
        _recovery = new RecoveryPhase(context, _state, _layers);
    }

    private IncidentInput Input => _state.Input;

    public async Task<IncidentOutcome> RunAsync()
    {
        var ending = await CourseAsync();
        for (var reopenings = 0; ;)
        {
            var outcome = await ConcludeAsync(ending);
            var since = ending.Kind == OutcomeKind.Healed ? _state.HealedSince : null;
            var closed = await _context.CallCloseIncidentAsync(new CloseRequest(outcome, _state.SignalsSeen, since), Retries.Store);
            if (closed.Closed)
            {
                _state.Enter(Phase.Closed, ending.Reason, ending.Kind);
                return outcome;
            }

            // Signals came meanwhile. One that fires after the target was seen healthy is a reason to look again, and so is one that may
            // bring a workflow where none had anything for the fault.
            _state.SignalsSeen = closed.SignalsSeen;
            var news = (ending.EndedHealthy || ending.NothingFitted)
                && closed.Unseen.Any(signal => signal is { Status: AlertStatus.Firing, IsOfBefore: false });
            if (!news || reopenings++ >= Input.Limits.Reopenings) continue;
            var again = await CourseAsync();
            ending = again.Kind == OutcomeKind.NoActionNeeded ? ending : again;
        }
    }

    // One course through the phases. A failure that no retry cured ends it, never the incident's bookkeeping.
    private async Task<Ending> CourseAsync()
    {
        try
        {
            while (true)
            {
                if (await StepAsync() is { } ending) return ending;
            }
        }
        catch (TaskFailedException e)
        {
            return new Ending(OutcomeKind.Failed,
                $"'{e.TaskName}' failed to the end of its retries: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
        }
    }

    // From looking to acting, once. Null: look again.
    private async Task<Ending?> StepAsync()
    {
        if (await LookAsync() is { } seen) return seen.Ending;
        if (await _layers.HandOverAsync(_state.Evidence) is { } below) return below.Ending;
        await DiagnoseAsync();
        var plan = await PlanAsync();
        if (plan.Instead is { } instead)
        {
            _state.GoOnWith(instead);
            return null;
        }

        switch (plan.Verdict)
        {
            case PlanVerdict.Wait:
                return plan.IsBlocked ? await WaitBlockedAsync(plan) : await WaitAsync(plan);
            case PlanVerdict.Advise:
                return Handed($"advice only: {plan.Summary}");
            case PlanVerdict.Escalate:
                return Handed(plan.Summary) with { NothingFitted = plan.NothingFits };
            case PlanVerdict.AskFirst:
                var answer = await _approval.AskAsync(plan);
                if (answer.Ending is not null || answer.Plan is null) return answer.Ending;
                if (await ReconsiderAsync(plan) is { } other) return other.Ending;
                plan = answer.Plan;
                _state.Plan = plan;
                break;
        }

        return await _recovery.RunAsync(plan);
    }

    // A person takes his time. Meanwhile what the target stands on may have failed, somebody may have said that nothing is to be done to
    // it, or it may have become well. Null: the answer stands. The evidence that was answered on stays the one that the action compares the
    // target with.
    private async Task<(Ending? Ending, bool Again)?> ReconsiderAsync(Plan asked)
    {
        if (!asked.BindsAnswer && _state.Evidence?.Layers is not { Below.Count: > 0 }) return null;
        if (asked.BindsAnswer) _state.Enter(Phase.Collect, $"'{asked.Action!.Id}' is approved; looks whether that still holds");
        var seen = await CollectAsync();
        if (await _layers.HandOverAsync(seen) is { } lower) return lower;
        var allowed = seen.Autonomy;
        if (asked.BindsAnswer && allowed.Level < Autonomy.Approve)
        {
            return (Handed($"'{asked.Action!.Id}' was approved, but meanwhile autonomy is {allowed.Level} ({allowed.Source})"), false);
        }

        // What has become well by itself is not acted on: the next look says so, or finds the fault back and asks again.
        return asked.StrictAnswer && IsWell(await DetectAsync(seen), seen) ? (null, true) : null;
    }

    private Task<Detection> DetectAsync(EvidenceBundle seen) => _context.CallDetectFaultAsync(
        seen with { Claim = Input.Trigger.Alert.Name }, Retries.Judging);

    private bool IsWell(Detection detection, EvidenceBundle seen) =>
        detection.Verdict == DetectionVerdict.Healthy && !AlertClaim.Holds(Input.Workflow, seen, _state.Actions.Count);

    // Null: there is a fault. Else where that leads: an ending, or to another look.
    private async Task<(Ending? Ending, bool Again)?> LookAsync()
    {
        _state.Enter(Phase.Collect);
        var seen = await CollectAsync();
        _blocked = _blocked?.After(seen);
        _state.Evidence = seen with { BlockedUntil = _blocked?.Until ?? seen.BlockedUntil };

        _state.Enter(Phase.Detect);
        var detection = await DetectAsync(_state.Evidence);
        _state.Detection = detection;
        if (IsWell(detection, _state.Evidence))
        {
            // What an action left and did not prove is not believed to be well because no rule finds a fault in it.
            if (_state.Actions is [.., { Status: ActionStatus.NoEffect, Undone: false } last])
            {
                return (new Ending(OutcomeKind.Escalated, $"'{last.ActionId}' did not help: {last.Detail}"), false);
            }

            var undone = _state.Actions.Any(action => action.Undone);
            var reason = _blocked is { } was ? $"{detection.Reason}; nothing was done here, because {was.Why}" : detection.Reason;
            var ending = new Ending(undone ? OutcomeKind.RolledBack : OutcomeKind.NoActionNeeded, reason);

            // One that is off by somebody's intent takes its node with it, and that is meant too.
            var isMeant = undone || _state.Evidence.Machine?.Domain is not { IsRunning: true };
            return (isMeant ? ending : await _layers.WithNodesAsync(ending), false);
        }

        if (detection.Verdict != DetectionVerdict.TooEarly || _settlings++ >= Settlings) return null;

        _state.Enter(Phase.Wait, detection.Reason);
        await _context.CreateTimer(SettleFor, CancellationToken.None);
        return (null, true);
    }

    private Task<EvidenceBundle> CollectAsync() => _context.CallCollectEvidenceAsync(
        new CollectRequest(Input.Target, Input.IncidentId, ++_looks), Retries.Cluster);

    private async Task DiagnoseAsync()
    {
        _state.Enter(Phase.Diagnose, _state.Detection!.Reason);
        _state.Diagnosis = await _context.CallDiagnoseFaultAsync(new DiagnoseRequest(
            _state.Evidence!, _state.Detection, Input.Trigger.Alert.Name, Input.Workflow?.AlertProves), Retries.Judging);
    }

    private async Task<Plan> PlanAsync()
    {
        _state.Enter(Phase.Plan);
        var tried = _state.Actions.Select(action => action.ActionId).ToList();
        var inVain = _state.Actions.Where(action => action is { Status: ActionStatus.NoEffect, Undone: false });
        var request = new PlanRequest(Input, _state.Evidence!, _state.Diagnosis!, tried, _state.Made)
        {
            ActionsInVain = [.. inVain.Select(action => action.ActionId)],
        };
        _state.Plan = await _context.CallPlanRecoveryAsync(request, Retries.Store);
        return _state.Plan;
    }

    private async Task<Ending?> WaitAsync(Plan plan)
    {
        if (_waits++ >= Input.Limits.TargetBusyAttempts) return Handed($"still not free after {_waits} waits: {plan.Summary}");
        _state.Enter(Phase.Wait, plan.Summary);
        var until = plan.WaitUntil ?? _state.Now + Input.Limits.TargetBusy;
        await _context.CreateTimer(until.UtcDateTime, CancellationToken.None);
        return null;
    }

    // The fault is elsewhere, and has an incident of its own or will have one. Once it is gone the target shows whether it has one too.
    private async Task<Ending?> WaitBlockedAsync(Plan plan)
    {
        if (_blockedLooks++ >= BlockedLooks) return Handed($"blocked, after {BlockedLooks} looks still: {plan.Summary}");
        _blocked ??= new Block(plan.Summary, _state.Evidence!.CollectedAt, IsOver: false);
        _state.Enter(Phase.Wait, $"blocked: {plan.Summary}");
        var pause = SettleFor * Math.Pow(2, Math.Min(_blockedLooks - 1, 3));
        await _context.CreateTimer(pause < LongestBlockedPause ? pause : LongestBlockedPause, CancellationToken.None);
        return null;
    }

    // An incident whose action was undone ended as rolled back, whatever was considered after that.
    private Ending Handed(string reason) =>
        new(_state.Actions.Any(action => action.Undone) ? OutcomeKind.RolledBack : OutcomeKind.Escalated, reason);

    private async Task<IncidentOutcome> ConcludeAsync(Ending ending)
    {
        if (ending.CallsPeople)
        {
            _state.Enter(Phase.Escalate, ending.Reason);
            var handOff = new HandOff(
                Input.IncidentId, Input.Target, ending.Kind, ending.Reason, Input.Workflow?.Escalation, Input.Trigger,
                _state.Detection, _state.Diagnosis, _state.Plan, [.. _state.Actions], _state.Now);
            await _context.CallEscalateAsync(handOff, Retries.Store);
        }

        _state.Enter(Phase.Learn, ending.Reason);
        var outcome = _state.Outcome(ending);
        await _context.CallRecordOutcomeAsync(outcome, Retries.Store);
        return outcome;
    }

    /// <param name="Until">The first look that found what was missing, or the last one while it is missing.</param>
    private sealed record Block(string Why, DateTimeOffset Until, bool IsOver)
    {
        public Block After(EvidenceBundle seen) =>
            IsOver ? this : this with { Until = seen.CollectedAt, IsOver = seen.Dependencies.Count == 0 };
    }
}
