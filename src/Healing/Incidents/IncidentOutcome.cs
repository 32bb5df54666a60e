namespace Heal.Healing;

/// <summary>How an incident ended and why: the output of its orchestration, and the row that learning reads.</summary>
/// <param name="Reason">In a sentence, with what was seen.</param>
/// <param name="Cause">The cause that was acted on or reported; null when none was found.</param>
/// <param name="Actions">What was tried, in order.</param>
/// <param name="Timings">How long each phase took, in order; a phase entered twice appears twice.</param>
public sealed record IncidentOutcome(
    string IncidentId,
    TargetReference Target,
    OutcomeKind Kind,
    string Reason,
    string? Cause,
    double? Confidence,
    IReadOnlyList<AttemptedAction> Actions,
    IReadOnlyList<PhaseTiming> Timings,
    DateTimeOffset OpenedAt,
    DateTimeOffset EndedAt,
    int Signals)
{
    /// <summary>Nothing was done because no workflow had anything for the fault: a signal that brings one more opens anew.</summary>
    public bool NothingFitted { get; init; }
}

/// <summary>One action that an incident tried.</summary>
/// <param name="Key">The idempotency key, under which the operation ledger has it.</param>
public sealed record AttemptedAction(string Key, string ActionId, ActionStatus Status, string Detail, bool Undone = false);

/// <param name="Seconds">From entering the phase to leaving it, by the orchestration's clock.</param>
public sealed record PhaseTiming(Phase Phase, DateTimeOffset Since, double Seconds);
