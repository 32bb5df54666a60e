using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>What an incident knows so far, and its live status. Rebuilt by replay; holds no truth of its own.</summary>
internal sealed class IncidentState(TaskOrchestrationContext context, IncidentInput input)
{
    private const int DetailLength = 300;
    private readonly List<PhaseTiming> _timings = [];
    private Phase? _phase;
    private DateTimeOffset _since;
    private string? _detail;

    /// <summary>What it started with; where another signal brought the workflow that it goes on with, with those two.</summary>
    public IncidentInput Input { get; private set; } = input;

    public List<AttemptedAction> Actions { get; } = [];

    public EvidenceBundle? Evidence { get; set; }

    public Detection? Detection { get; set; }

    public Diagnosis? Diagnosis { get; set; }

    public Plan? Plan { get; set; }

    /// <summary>The number of the question that a person was asked last; 0 before the first.</summary>
    public int Question { get; set; }

    /// <summary>The number of the last attached signal that was looked at; the first one opened the incident.</summary>
    public int SignalsSeen { get; set; } = 1;

    /// <summary>Since when the target was seen healthy without a break after the last action that was verified; null: it was not.</summary>
    public DateTimeOffset? HealedSince { get; set; }

    /// <summary>Actions that were made, whether they helped or not.</summary>
    public int Made => Actions.Count(action => action.Status is ActionStatus.Applied or ActionStatus.NoEffect);

    public DateTimeOffset Now => new(DateTime.SpecifyKind(context.CurrentUtcDateTime, DateTimeKind.Utc));

    /// <summary>Takes up the workflow that another signal brought, because the one before had nothing for the fault.</summary>
    public void GoOnWith(ServedSignal instead) => Input = Input with
    {
        Trigger = instead.Signal,
        Workflow = instead.Workflow,
        Passed = Input.Workflow is { } passed ? [.. Input.Passed, passed.Name] : Input.Passed,
    };

    /// <summary>Enters a phase and shows it. Entering the phase that is under way only renews the detail.</summary>
    public void Enter(Phase phase, string? detail = null, OutcomeKind? outcome = null)
    {
        if (phase != _phase)
        {
            EndPhase();
            (_phase, _since) = (phase, Now);
        }

        _detail = detail is null ? null : SafeText.Line(detail, DetailLength);
        var hypothesis = Diagnosis?.Leading() is { } leading ? SafeText.Line(leading.Statement, DetailLength) : null;
        var action = Plan?.Action?.Id ?? (Actions is [.., var last] ? last.ActionId : null);
        context.SetCustomStatus(new IncidentStatus(
            phase, _since, Input.Target.ToString(), Input.Workflow?.Name, hypothesis, action, _detail, SignalsSeen, outcome,
            phase == Phase.Approve ? Question : null));
    }

    public IncidentOutcome Outcome(Ending ending)
    {
        EndPhase();
        _phase = null;
        var leading = Diagnosis?.Leading();
        return new IncidentOutcome(
            Input.IncidentId, Input.Target, ending.Kind, ending.Reason, leading?.Cause, leading?.Confidence,
            [.. Actions], [.. _timings], Input.OpenedAt, Now, SignalsSeen) { NothingFitted = ending.NothingFitted };
    }

    private void EndPhase()
    {
        if (_phase is { } ended) _timings.Add(new PhaseTiming(ended, _since, (Now - _since).TotalSeconds));
    }
}

/// <summary>How a course of an incident ended.</summary>
internal sealed record Ending(OutcomeKind Kind, string Reason)
{
    /// <summary>People must know.</summary>
    public bool CallsPeople => Kind is OutcomeKind.Escalated or OutcomeKind.RolledBack or OutcomeKind.CouldNotVerify or OutcomeKind.Failed;

    /// <summary>Nothing was done, because no workflow had anything for the fault.</summary>
    public bool NothingFitted { get; init; }

    /// <summary>The target was last seen healthy, so that a firing signal is news.</summary>
    public bool EndedHealthy => Kind is OutcomeKind.Healed or OutcomeKind.NoActionNeeded;
}
