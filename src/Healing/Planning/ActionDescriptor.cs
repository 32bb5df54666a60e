using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What an action declares of itself. Workflow definitions are checked against it, the planner chooses by it, and the roles of the
/// cluster and the list of actions in the docs are written from it.</summary>
/// <param name="Id">As used in workflow definitions.</param>
/// <param name="Causes">The causes (<see cref="Healing.Causes"/>) that it can remedy.</param>
/// <param name="TargetKinds">The kinds of target that it can act on.</param>
/// <param name="Precondition">What must be proven on the live target first, in a sentence; checked by code.</param>
/// <param name="EffectCheck">What proves that it happened.</param>
/// <param name="Inverse">The id of what undoes it; null means irreversible.</param>
/// <param name="Permissions">The rules that its service account needs, its inverse included.</param>
public sealed record ActionDescriptor(
    string Id,
    RiskClass Risk,
    IReadOnlyList<string> Causes,
    IReadOnlyList<string> TargetKinds,
    IReadOnlyList<ActionParameter> Parameters,
    string Precondition,
    string EffectCheck,
    string? Inverse,
    IReadOnlyList<PermissionRule> Permissions)
{
    /// <summary>What it does, in a sentence.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The name of the parameter (a duration) after which the inverse is due by itself; null: the effect stays.</summary>
    public string? TimeLimit { get; init; }

    /// <summary>
    /// True when its effect ends as soon as the incident is healed and nothing needs it any more; <see cref="TimeLimit"/> is the last
    /// moment then. Default false: the effect stays until its time limit.
    /// </summary>
    public bool EndsWithNeed { get; init; }

    /// <summary>
    /// The id of what comes at <see cref="TimeLimit"/> instead of the inverse: until then the effect can be taken back, and then what was
    /// kept for that is given up. Null: the inverse.
    /// </summary>
    public string? SettledBy { get; init; }

    /// <summary>
    /// True when it only keeps the fault from doing more harm, and the target stays as faulty as it was: when it has worked, people are
    /// called for the rest. Default false.
    /// </summary>
    public bool LeavesFault { get; init; }

    /// <summary>
    /// May be used where another tool owns the target: it acts at the tool's own source, or on nothing that the tool keeps. Default false.
    /// </summary>
    public bool ForOwned { get; init; }

    /// <summary>
    /// May be taken again in the same incident when it had no effect, as often as the incident may act: it harms nothing by being repeated,
    /// and what failed it may pass. Default false.
    /// </summary>
    public bool Repeats { get; init; }

    /// <summary>How long its effect may take to show, from the intent on. Default 2 minutes.</summary>
    public TimeSpan EffectWithin { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long what was proven of the target when the action was intended counts: one that has not begun by then (the healer was down) is
    /// not begun any more. Twice <see cref="EffectWithin"/>, and 5 minutes at least.
    /// </summary>
    public TimeSpan BeginsWithin => 2 * EffectWithin > LeastBegin ? 2 * EffectWithin : LeastBegin;

    private static readonly TimeSpan LeastBegin = TimeSpan.FromMinutes(5);
}

[JsonConverter(typeof(JsonStringEnumConverter<ParameterKind>))]
public enum ParameterKind
{
    Duration,
    Number,
    Text,

    /// <summary>An amount as Kubernetes writes it, such as 250m or 2Gi.</summary>
    Quantity,

    /// <summary>true or false.</summary>
    Flag,
}

/// <param name="Default">Used when the workflow says nothing; in the same notation as there. An empty text means that it is found.</param>
/// <param name="Minimum">Smallest value allowed, for durations, numbers and quantities.</param>
/// <param name="Maximum">Largest value allowed, for durations, numbers and quantities.</param>
public sealed record ActionParameter(string Name, ParameterKind Kind, string Default, string? Minimum, string? Maximum, string Meaning);

/// <summary>One RBAC rule.</summary>
/// <param name="Resource">Plural, with the subresource if one: "pods/eviction".</param>
public sealed record PermissionRule(string ApiGroup, string Resource, IReadOnlyList<string> Verbs);
