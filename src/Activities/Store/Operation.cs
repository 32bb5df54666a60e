using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

public enum OperationState
{
    /// <summary>Committed before the target was touched; whether it has taken effect only the target knows.</summary>
    Intended,

    /// <summary>The effect was read back from the target.</summary>
    Confirmed,

    /// <summary>Given up without effect, for the reason noted.</summary>
    Abandoned,
}

/// <summary>A row of the operation ledger.</summary>
/// <param name="PreImage">What is needed to judge a retry and to undo; its shape is the action's own.</param>
/// <param name="Undoes">The key of the operation that this one undoes.</param>
public sealed record Operation(
    string Key,
    string IncidentId,
    string ActionId,
    string TargetKey,
    string? Undoes,
    OperationState State,
    JsonObject PreImage,
    JsonObject? PostImage,
    string? RemovedTemplateHash,
    ActionStatus? Status,
    string? Detail,
    DateTimeOffset IntendedAt);

/// <param name="PostImage">Required for Confirmed.</param>
public sealed record OperationEnd(OperationState State, ActionStatus Status, string Detail, JsonObject? PostImage = null);
