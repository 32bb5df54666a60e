using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// One action, said in terms of effects: when it may be done, which effects it is made of, and what proves that they did what they
/// were for.
/// Keeps no state. Exactly-once, ledger, undo, dry run, busy targets and missing rights are <see cref="RecipeAction"/>'s.
/// </summary>
internal interface IRecipe
{
    ActionDescriptor Descriptor { get; }

    /// <summary>Its effects are on different objects and do without each other: each is taken back, whatever others have made of the rest.
    /// Default false: all are, or none.</summary>
    bool UndoesApart => false;

    /// <summary>Why the action must not be done on this evidence; null when nothing speaks against it. Pure.</summary>
    string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters);

    /// <summary>Proves the precondition on the live target and says which effects it takes. Reads only.</summary>
    Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken);

    /// <summary>Whether the effects have done what they were for. Reads only; asked until it says so or time is up.</summary>
    Task<EffectCheck> CheckAsync(ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken);
}

/// <summary>A recipe whose effect ends as soon as nothing needs it, see <see cref="ActionDescriptor.EndsWithNeed"/>.</summary>
internal interface IEndsWithNeed
{
    /// <summary>What still needs the effect; null: nothing any more. Reads only; asked once the incident is healed.</summary>
    Task<string?> NeedAsync(ActionTools tools, TargetReference target, CancellationToken cancellationToken);
}

/// <summary>A recipe whose effect is made final when its time is up, see <see cref="ActionDescriptor.SettledBy"/>.</summary>
internal interface ISettles
{
    /// <summary>What <see cref="CheckSettledAsync"/> will want to know of the target as it was before. Reads only.</summary>
    Task<JsonObject> FactsAsync(ActionTools tools, IReadOnlyList<Effect> steps, CancellationToken cancellationToken);

    /// <summary>Whether that has done what it was for. Reads only; asked until it says so or time is up.</summary>
    Task<EffectCheck> CheckSettledAsync(ActionTools tools, ActionImage image, CancellationToken cancellationToken);
}

/// <summary>What an action would do to a target as it is now, or why it must not be done.</summary>
/// <param name="Steps">In order; undone in reverse.</param>
/// <param name="Facts">What <see cref="IRecipe.CheckAsync"/> will want to know of the target as it was.</param>
internal sealed record Proposal(ActionStatus Status, string Summary, IReadOnlyList<Effect> Steps, JsonObject Facts)
{
    public static Proposal Act(string summary, params IReadOnlyList<Effect> steps) =>
        new(ActionStatus.Applied, summary, steps, new JsonObject());

    public static Proposal Refuse(string reason) => new(ActionStatus.Refused, reason, [], new JsonObject());

    public static Proposal Gone(TargetReference target) => new(ActionStatus.TargetGone, $"{target} is gone", [], new JsonObject());

    public Proposal With(string fact, JsonNode? value)
    {
        Facts[fact] = value;
        return this;
    }
}

/// <param name="Detail">What was seen, or what is still missing.</param>
/// <param name="IsLost">Not reached, and waiting will not change that: the target has failed anew.</param>
/// <param name="IsOpen">Not reached, and nobody can say that it will not be: somebody else has yet to do a part of it. When time is up it
/// is left as it is, for people.</param>
internal sealed record EffectCheck(bool Reached, string Detail, bool IsLost = false, bool IsOpen = false)
{
    public static EffectCheck Yes(string detail) => new(true, detail);

    public static EffectCheck NotYet(string detail) => new(false, detail);

    public static EffectCheck Open(string detail) => new(false, detail, IsOpen: true);

    public static EffectCheck Lost(string detail) => new(false, detail, IsLost: true);
}

/// <summary>The pre-image of a recipe's operation: its steps, each with what it found, and what the effect check must know.</summary>
/// <param name="ExpiresAt">Nothing is begun after this: the inverse has been due.</param>
/// <param name="Parameters">The values it ran with.</param>
internal sealed record ActionImage(
    string Summary, IReadOnlyList<Effect> Steps, JsonObject Facts, IReadOnlyDictionary<string, string> Parameters,
    DateTimeOffset? ExpiresAt)
{
    public JsonObject ToJson() => new()
    {
        ["summary"] = Summary,
        ["steps"] = new JsonArray([.. Steps.Select(step => (JsonNode)step.ToJson())]),
        ["facts"] = Facts.DeepClone(),
        ["parameters"] = new JsonObject([.. Parameters.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value))]),
        ["expiresAt"] = ExpiresAt is { } at ? JsonValue.Create(at) : null,
    };

    public static ActionImage From(Operation operation)
    {
        var json = operation.PreImage;
        return new ActionImage(
            json.Text("summary") ?? "",
            [.. json.Items("steps").Select(Effect.From)],
            json["facts"]?.DeepClone().AsObject() ?? new JsonObject(),
            json.Texts("parameters"),
            json["expiresAt"]?.GetValue<DateTimeOffset>());
    }
}
