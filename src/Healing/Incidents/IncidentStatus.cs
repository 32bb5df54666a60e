namespace Heal.Healing;

/// <summary>The custom status of an incident's orchestration: small, and enough to follow it live.</summary>
/// <param name="Phase">The phase that is under way, or Closed.</param>
/// <param name="Since">When this phase began.</param>
/// <param name="Hypothesis">The leading hypothesis in one line, once there is one.</param>
/// <param name="Action">The action under way or last tried.</param>
/// <param name="Detail">What the phase waits for or found, in one line.</param>
/// <param name="Signals">Signals attached that the incident has looked at.</param>
/// <param name="Outcome">Set at the end.</param>
/// <param name="Question">While it waits for a person: the number of the question, from 1 in each incident. An answer names it.</param>
public sealed record IncidentStatus(
    Phase Phase,
    DateTimeOffset Since,
    string Target,
    string? Workflow = null,
    string? Hypothesis = null,
    string? Action = null,
    string? Detail = null,
    int Signals = 1,
    OutcomeKind? Outcome = null,
    int? Question = null);
