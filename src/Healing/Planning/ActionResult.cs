using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What an attempt at an action came to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ActionStatus>))]
public enum ActionStatus
{
    /// <summary>The effect is on the target, proven by reading it back.</summary>
    Applied,

    /// <summary>A precondition does not hold; nothing was touched.</summary>
    Refused,

    /// <summary>A person or a safety limit stopped it; nothing was touched.</summary>
    Blocked,

    /// <summary>Somebody else changed the target; this action stopped there.</summary>
    ChangedByOther,

    /// <summary>The target is gone.</summary>
    TargetGone,

    /// <summary>The target could not be reached or did not answer as it should, to the end of the retries.</summary>
    Failed,

    /// <summary>The change is on the target, but what it was to bring about did not come in time.</summary>
    NoEffect,

    /// <summary>Another operation on the target is under way; nothing was touched.</summary>
    Busy,

    /// <summary>The healer's own account lacks a right: a fault of the installation, not of the target. Nothing was touched.</summary>
    NotPermitted,

    /// <summary>A dry run: the cluster would take it; nothing was touched.</summary>
    Rehearsed,
}

/// <summary>The answer of an action.</summary>
/// <param name="Detail">In a sentence: what was done, or why not and who.</param>
/// <param name="Generation">The target's generation that carries the effect; verification waits until the controller has seen it.</param>
/// <param name="TemplateHash">The pod template that the effect left on the target.</param>
/// <param name="MarksTarget">The target itself carries the operation's key; false when the effect is on an object beside it.</param>
public sealed record ActionResult(
    string Key, ActionStatus Status, string Detail, long? Generation = null, string? TemplateHash = null, bool MarksTarget = true)
{
    [JsonIgnore]
    public bool IsApplied => Status == ActionStatus.Applied;

    /// <summary>The ledger holds it as ended, or there is nothing to be done: the same call gives the same answer from now on. False in
    /// what older programs have written.</summary>
    public bool IsFinal { get; init; }
}

/// <summary>One step of a plan, ready to be carried out.</summary>
/// <param name="Key">Idempotency key: incident id and step. The same key never takes effect twice.</param>
/// <param name="ExpectedGeneration">The target's generation that the plan is based on.</param>
/// <param name="ExpectedTemplateHash">Hash of the pod template that the plan is based on.</param>
public sealed record ActionRequest(
    string Key,
    string IncidentId,
    string ActionId,
    TargetReference Target,
    IReadOnlyDictionary<string, string> Parameters,
    long ExpectedGeneration,
    string ExpectedTemplateHash)
{
    /// <summary>Ask the cluster what would change, and change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>When the inverse is due by itself; past it the action must not begin any more. Null: the effect stays.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Asks for the inverse of an operation that is in the ledger.</summary>
/// <param name="Key">The idempotency key of the inverse itself.</param>
/// <param name="UndoneKey">The key of the operation to undo.</param>
public sealed record UndoRequest(string Key, string UndoneKey, string IncidentId, string ActionId, TargetReference Target)
{
    /// <summary>
    /// Makes the operation final instead: gives up what it kept for its inverse, see <see cref="ActionDescriptor.SettledBy"/>. Under the
    /// same key as the inverse: whichever begins first is the end of the operation.
    /// </summary>
    public bool Settles { get; init; }
}
