using System.Text.Json;

namespace Heal.Activities;

/// <summary>How records are kept in jsonb columns: names as in the code, enums as text.</summary>
internal static class StoreJson
{
    private static readonly JsonSerializerOptions Options = new() { MaxDepth = 128 };

    // PostgreSQL's jsonb refuses U+0000, which text from outside may hold.
    public static string Write<T>(T value) =>
        JsonSerializer.Serialize(value, Options).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal);

    public static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException($"Expected a {typeof(T).Name} in the store, got null.");

    /// <summary>For rows of which one that cannot be read must not stop the others.</summary>
    /// <returns>The record, or why there is none.</returns>
    public static (T? Record, string? Fault) TryRead<T>(string json) where T : class
    {
        try
        {
            return (Read<T>(json), null);
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }
}
