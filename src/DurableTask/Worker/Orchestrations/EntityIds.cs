using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>Refuses ids and names that no hub could store, where the code that made them can be told.</summary>
internal static class EntityIds
{
    private const int MaximumLength = 512;

    /// <summary>True for the id of an entity.</summary>
    public static bool IsEntity(string instanceId) => instanceId.StartsWith('@');

    /// <summary>The text of an id.</summary>
    /// <exception cref="ArgumentException">It is too long, empty, or holds a NUL character.</exception>
    public static string Storable(EntityInstanceId id)
    {
        if (id.Name.Length == 0)
        {
            throw new ArgumentException("Entity id: expected a name and a key, got the default value.", nameof(id));
        }

        string text = id.ToString();
        RequireStorable(text, nameof(id));
        return text;
    }

    public static void RequireStorable(string text, string parameter)
    {
        if (text.Length is 0 or > MaximumLength || text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"Id or name: expected 1 to {MaximumLength} characters and no NUL character, got {text.Length} characters.", parameter);
        }
    }
}
