using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Objects;

/// <summary>
/// Typed, null-tolerant reads of Kubernetes objects that are kept as JSON: a missing or differently typed field reads as null.
/// </summary>
internal static class JsonAccess
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            node = node is JsonObject o && o.TryGetPropertyValue(name, out var child) ? child : null;
        return node;
    }

    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue v || v.GetValueKind() != JsonValueKind.Number)
            return null;
        return long.TryParse(v.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture, out var n) ? n : null;
    }

    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path)?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The objects of a list; empty when the list is missing.</summary>
    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is JsonArray a ? a.OfType<JsonObject>() : [];

    public static IEnumerable<KeyValuePair<string, string>> Texts(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonObject o)
            return [];
        return o.Where(p => p.Value?.GetValueKind() == JsonValueKind.String)
            .Select(p => KeyValuePair.Create(p.Key, p.Value!.GetValue<string>()));
    }

    /// <summary>The object of that name, created when it is missing or something else.</summary>
    public static JsonObject Ensure(this JsonObject parent, string name)
    {
        if (parent[name] is JsonObject existing)
            return existing;
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    public static JsonObject Copy(this JsonObject value) => (JsonObject)value.DeepClone();

    public static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b);

    /// <summary>Sets a default: only when the field is absent.</summary>
    public static void Default(this JsonObject parent, string name, JsonNode value)
    {
        if (parent[name] is null)
            parent[name] = value;
    }

    /// <summary>Forces the lazily parsed tree into memory, so that later reads from several threads do not write.</summary>
    public static void Materialize(this JsonNode? node)
    {
        if (node is JsonObject o)
        {
            foreach (var pair in o)
                pair.Value.Materialize();
        }
        else if (node is JsonArray a)
        {
            foreach (var item in a)
                item.Materialize();
        }
    }

    public static string Timestamp(this DateTimeOffset time)
        => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
