using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What the cluster made of an alert's labels.</summary>
/// <param name="Reason">How the target was found, or why not.</param>
public sealed record TargetResolution(TargetVerdict Verdict, TargetReference? Target, string Reason)
{
    /// <summary>Of an alert about one pod: the node that it is on; else null.</summary>
    public string? Node { get; init; }

    /// <summary>The fault of a layer below, of which the alert shows the consequence: it comes to the incident first, so that it and not
    /// the alert chooses what is done. Null where the target is what the alert names.</summary>
    public Signal? Below { get; init; }

    /// <summary>What the alert named, and why its target is another; null where it is not.</summary>
    public string? Through { get; init; }
}

/// <param name="ShowsNewFault">
/// True when the target was looked at after its last incident was closed, and shows a fault: then that incident is not joined any more.
/// </param>
public sealed record JoinRequest(Signal Signal, TargetReference Target, bool ShowsNewFault = false)
{
    /// <summary>For a signal of a layer above the target: what it is about. Kept with it; null for a signal of the target itself.</summary>
    public string? Through { get; init; }

    /// <summary>What else makes it more than an echo of the last incident, once that is closed; null: nothing that is known.</summary>
    public string? WhyAnew { get; init; }

    /// <summary>Why the last incident is not joined any more, once it is closed; null: nothing speaks against it.</summary>
    [JsonIgnore]
    public string? Anew => ShowsNewFault ? "the target fails again" : WhyAnew;
}

/// <summary>Where a signal was attached.</summary>
/// <param name="IncidentId">Null when the signal needs no incident (resolved, and none open).</param>
/// <param name="Opened">True when this signal opened the incident.</param>
/// <param name="Start">
/// What the incident starts with; null when it is closed. Set for every signal of an open incident: each of them makes sure that it runs.
/// </param>
/// <param name="ClosedAs">The outcome of the incident when it is closed already.</param>
public sealed record JoinResult(string? IncidentId, bool Opened, IncidentInput? Start, OutcomeKind? ClosedAs, string Reason);

/// <summary>A signal that leads to no incident, and why.</summary>
public sealed record UnroutedSignal(Signal Signal, RouteKind Kind, string Reason);

/// <param name="IncidentId">The incident whose evidence it is: then the whole bundle is kept. Null for a look in passing.</param>
/// <param name="Step">Which look of the incident, counted from 1.</param>
public sealed record CollectRequest(TargetReference Target, string? IncidentId = null, int Step = 0);

/// <param name="AlertName">The alert that opened the incident.</param>
/// <param name="AlertProves">A cause that this alert is itself the proof of, as the workflow says.</param>
public sealed record DiagnoseRequest(
    EvidenceBundle Evidence, Detection Detection, string? AlertName = null, string? AlertProves = null);

/// <param name="ActionsTried">Ids of the actions that this incident has tried.</param>
/// <param name="ActionsApplied">How many of them were made, whether they helped or not.</param>
public sealed record PlanRequest(
    IncidentInput Incident, EvidenceBundle Evidence, Diagnosis Diagnosis, IReadOnlyList<string> ActionsTried, int ActionsApplied)
{
    /// <summary>Ids of the actions that were made and had no effect, each as often as that happened.</summary>
    public IReadOnlyList<string> ActionsInVain { get; init; } = [];
}

/// <param name="RestartsBefore">From the previous look; null at the first.</param>
/// <param name="ActionId">What was done: its own effect check is the look, but for a Deployment that it was to make healthy.</param>
public sealed record VerifyRequest(VerificationContract Contract, int? RestartsBefore, string ActionId = "");

/// <summary>What people get when the healer calls them: enough to go on without asking it again.</summary>
public sealed record HandOff(
    string IncidentId,
    TargetReference Target,
    OutcomeKind Outcome,
    string Reason,
    EscalationSetting? Escalation,
    Signal Trigger,
    Detection? Detection,
    Diagnosis? Diagnosis,
    Plan? Plan,
    IReadOnlyList<AttemptedAction> Actions,
    DateTimeOffset At);

/// <param name="SignalsSeen">The number of the last attached signal that the incident has looked at.</param>
/// <param name="HealedSince">Since when the target was seen healthy without a break after an action; null: it was not healed.</param>
public sealed record CloseRequest(IncidentOutcome Outcome, int SignalsSeen, DateTimeOffset? HealedSince = null);

/// <param name="Unseen">Signals that were attached meanwhile; when there are any, the incident stays open.</param>
public sealed record CloseResult(bool Closed, IReadOnlyList<SignalEvent> Unseen, int SignalsSeen);
