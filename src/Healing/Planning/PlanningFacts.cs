namespace Heal.Healing;

/// <summary>Everything that a plan is decided on.</summary>
/// <param name="Actions">What this program can do.</param>
/// <param name="Refusals">Action id to the reason why its precondition does not hold on this evidence; absent when it holds.</param>
/// <param name="ActionsTried">Ids of the actions that this incident has tried, whatever came of them, each as often as it was.</param>
/// <param name="ActionsMade">How many of them were made, whether they helped or not.</param>
/// <param name="History">Operations on the target by earlier incidents, newest first, as far back as <see
/// cref="SafetyLimits.IneffectiveWindow"/>.</param>
public sealed record PlanningFacts(
    string AlertName,
    EvidenceBundle Evidence,
    Diagnosis Diagnosis,
    WorkflowDefinition? Workflow,
    IReadOnlyList<ActionDescriptor> Actions,
    IReadOnlyDictionary<string, string> Refusals,
    IReadOnlyList<string> ActionsTried,
    int ActionsMade,
    IReadOnlyList<PastOperation> History,
    SafetyLimits Limits,
    DateTimeOffset Now)
{
    /// <summary>Those of <see cref="ActionsTried"/> that were made and had no effect.</summary>
    public IReadOnlyList<string> ActionsInVain { get; init; } = [];
}
