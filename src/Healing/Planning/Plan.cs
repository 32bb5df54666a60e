using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What is to be done with a plan.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PlanVerdict>))]
public enum PlanVerdict
{
    /// <summary>Carry out the action.</summary>
    Act,

    /// <summary>Carry it out once a person approved.</summary>
    AskFirst,

    /// <summary>Not yet: wait, then look at the target again.</summary>
    Wait,

    /// <summary>Only say what should be done: the scope does not allow more.</summary>
    Advise,

    /// <summary>There is nothing that may be done here: call people.</summary>
    Escalate,
}

/// <param name="Action">The action chosen; with Advise and Escalate it may be null.</param>
/// <param name="Parameters">Complete: the workflow's values and the action's defaults for the rest.</param>
/// <param name="Reasons">Why this verdict, and why not each action that was passed over.</param>
/// <param name="WaitUntil">Set for Wait.</param>
public sealed record Plan(
    PlanVerdict Verdict,
    WorkflowAction? Action,
    RiskClass? Risk,
    IReadOnlyDictionary<string, string> Parameters,
    AutonomySetting Autonomy,
    IReadOnlyList<string> Reasons,
    DateTimeOffset? WaitUntil = null,
    bool IsReversible = true)
{
    /// <summary>How long the effect may stay before its inverse is due by itself; null: for good.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>The name of the parameter that <see cref="TimeLimit"/> was read from: who edits it, edits the limit. Null: there is none.
    /// </summary>
    public string? LimitedBy { get; init; }

    /// <summary>
    /// Where a person is asked: only an answer to this very question counts, and after it the target's autonomy is read anew. False in
    /// plans of older programs: the histories of their incidents were written without either, and have to be gone through as they are.
    /// </summary>
    public bool BindsAnswer { get; init; }

    /// <summary>Where a person is asked: an answer that names no question counts for the first only, and after it the target is looked
    /// at for its fault anew. False in plans of older programs, as <see cref="BindsAnswer"/>.</summary>
    public bool StrictAnswer { get; init; }

    /// <summary>An inverse that meets what may pass is tried again. False in plans of older programs, as <see cref="BindsAnswer"/>.
    /// </summary>
    public bool RetriesUndo { get; init; }

    /// <summary>Where a person is asked: what is planned again for the target as it was is the same question, not another one. False in
    /// plans of older programs, as <see cref="BindsAnswer"/>.</summary>
    public bool KeepsQuestion { get; init; }

    /// <summary>What it waits for is another fault, that of what the target stands on.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>Nothing was done yet, and the workflow has nothing for the fault, or there is none: another one may have. False in plans of
    /// older programs.</summary>
    public bool NothingFits { get; init; }

    /// <summary>What the incident goes on with because <see cref="NothingFits"/>; null: no signal of it brings another workflow.</summary>
    public ServedSignal? Instead { get; init; }

    /// <summary>See <see cref="ActionDescriptor.EndsWithNeed"/>.</summary>
    public bool EndsWithNeed { get; init; }

    /// <summary>At its time limit the effect is made final, not taken back: see <see cref="ActionDescriptor.SettledBy"/>.</summary>
    public bool Settles { get; init; }

    /// <summary>See <see cref="ActionDescriptor.LeavesFault"/>.</summary>
    public bool LeavesFault { get; init; }

    /// <summary>See <see cref="ActionDescriptor.Repeats"/>.</summary>
    public bool Repeats { get; init; }

    [JsonIgnore]
    public string Summary => string.Join("; ", Reasons);
}

/// <summary>A signal and the workflow that serves its alert.</summary>
public sealed record ServedSignal(Signal Signal, WorkflowDefinition Workflow);

/// <summary>An operation that was applied to the target before, by this or another incident.</summary>
/// <param name="Finished">False while it is under way.</param>
/// <param name="RemovedTemplateHash">Hash of the template that it replaced: the same one again means that somebody put it back.</param>
public sealed record PastOperation(
    string Key, string IncidentId, string ActionId, DateTimeOffset AppliedAt, string? RemovedTemplateHash, bool Finished = true);
