using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>One action and what its tests need: a world where it fits, ways to spoil that world, and what is to be seen.</summary>
internal sealed record RecipeCase(string Name, string ActionId)
{
    /// <summary>Makes a world where the action fits, and says on what it is to act.</summary>
    public required Func<Stall, Task<TargetReference>> Arrange { get; init; }

    /// <summary>Values other than the defaults.</summary>
    public Func<Stall, Dictionary<string, string>> With { get; init; } = _ => [];

    /// <summary>Makes the precondition false, and says a word of the expected refusal.</summary>
    public required Func<Stall, Task<string>> Spoil { get; init; }

    /// <summary>How often the effect is on the target: what a second effect would change as well. Below zero: something in
    /// between.</summary>
    public required Func<Stall, Task<int>> Effects { get; init; }

    /// <summary>What must be as it was after an undo; the same text means the same. Null: the action cannot be undone.</summary>
    public Func<Stall, Task<string>>? Before { get; init; }

    /// <summary>Somebody else changes what the action would change, or has changed. Null: nothing can get in between.</summary>
    public Func<Stall, Task>? Meddle { get; init; }

    /// <summary>False for an action that changes something else than the cluster.</summary>
    public bool WritesToCluster { get; init; } = true;

    /// <summary>The clock of the action.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The workload as it was diagnosed: generation and hash of its template. By default nobody has looked.</summary>
    public Func<Stall, (long Generation, string TemplateHash)> Diagnosed { get; init; } = _ => (0, "");

    /// <summary>Makes an action that is no recipe. Null: it is one.</summary>
    public Func<ActionTools, IRemedyAction>? Other { get; init; }

    public IRecipe Recipe => RecipeBook.Find(ActionId);

    public IRemedyAction ActionWith(ActionTools tools) => Other?.Invoke(tools) ?? new RecipeAction(Recipe, tools);

    public ActionRequest Request(Stall stall, TargetReference target, string? key = null)
    {
        var values = Other is null ? ActionParameters.Complete(Recipe.Descriptor, With(stall)) : With(stall);
        var (generation, hash) = Diagnosed(stall);
        return new ActionRequest(key ?? $"{stall.Namespace}/1", stall.Namespace, ActionId, target, values, generation, hash);
    }

    public override string ToString() => Name;

    /// <summary>Fields as text, for comparison before and after.</summary>
    public static string Text(params JsonNode?[] nodes) => string.Join('|', nodes.Select(node =>
        Sorted(node)?.ToJsonString() ?? "nothing"));

    // The order of fields means nothing.
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}

/// <summary>The system's clock, an hour ahead.</summary>
internal sealed class HourLater : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
}
