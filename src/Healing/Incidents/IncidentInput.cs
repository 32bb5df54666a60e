namespace Heal.Healing;

/// <summary>
/// What an incident starts with. It carries the content of its workflow definition and its limits: an incident under way keeps what it
/// started with, whatever is deployed meanwhile.
/// </summary>
/// <param name="IncidentId">Also the orchestration's instance id.</param>
/// <param name="Episode">1 for the target's first incident, then counting.</param>
/// <param name="Trigger">The signal that opened the incident, or a later one whose workflow it went on with.</param>
/// <param name="Workflow">The definition that serves the alert; null when none does, then the incident ends with advice.</param>
/// <param name="Limits">The safety limits that hold for this incident.</param>
public sealed record IncidentInput(
    string IncidentId,
    TargetReference Target,
    int Episode,
    Signal Trigger,
    WorkflowDefinition? Workflow,
    SafetyLimits Limits,
    DateTimeOffset OpenedAt)
{
    /// <summary>Names of the workflows that had nothing for the fault: each is tried once, by this incident or by the one before that it
    /// was opened after.</summary>
    public IReadOnlyList<string> Passed { get; init; } = [];
}
