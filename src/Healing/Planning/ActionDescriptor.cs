using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What an action declares of itself. Workflow definitions are checked against it, the planner chooses by it.</summary>
/// <param name="Id">As used in workflow definitions.</param>
/// <param name="Causes">The causes (<see cref="Healing.Causes"/>) that it can remedy.</param>
/// <param name="TargetKinds">The kinds of target that it can act on.</param>
/// <param name="Precondition">What must be proven on the live target first, in a sentence; checked by code.</param>
/// <param name="EffectCheck">What proves that it happened.</param>
/// <param name="Inverse">The id of what undoes it; null means irreversible.</param>
/// <param name="Permissions">The rules that its service account needs.</param>
public sealed record ActionDescriptor(
    string Id,
    RiskClass Risk,
    IReadOnlyList<string> Causes,
    IReadOnlyList<string> TargetKinds,
    IReadOnlyList<ActionParameter> Parameters,
    string Precondition,
    string EffectCheck,
    string? Inverse,
    IReadOnlyList<PermissionRule> Permissions);

[JsonConverter(typeof(JsonStringEnumConverter<ParameterKind>))]
public enum ParameterKind
{
    Duration,
    Number,
    Text,
}

/// <param name="Default">Used when the workflow says nothing; in the same notation as there.</param>
/// <param name="Minimum">Smallest value allowed, for durations and numbers.</param>
/// <param name="Maximum">Largest value allowed, for durations and numbers.</param>
public sealed record ActionParameter(string Name, ParameterKind Kind, string Default, string? Minimum, string? Maximum, string Meaning);

/// <summary>One RBAC rule.</summary>
public sealed record PermissionRule(string ApiGroup, string Resource, IReadOnlyList<string> Verbs);
