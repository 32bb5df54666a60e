using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>Null-tolerant reads of objects that are kept as JSON: a missing field, or one of another type, reads as null.</summary>
internal static class Json
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path) node = node is JsonObject fields && fields.TryGetPropertyValue(name, out var child) ? child : null;
        return node;
    }

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>A text or a number as text: quantities and percentages may be written either way.</summary>
    public static string? Scalar(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => value.ToJsonString(),
        _ => null,
    };

    public static int? Whole(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && int.TryParse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    public static bool IsTrue(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    /// <summary>The objects of a list; none when there is no list.</summary>
    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray items ? items.OfType<JsonObject>() : [];

    public static string Name(this JsonNode? node) => node.Text("metadata", "name") ?? "";

    public static string Uid(this JsonNode? node) => node.Text("metadata", "uid") ?? "";

    public static string? Annotation(this JsonNode? node, string key) => node.Text("metadata", "annotations", key);

    public static string? Label(this JsonNode? node, string key) => node.Text("metadata", "labels", key);

    public static bool IsDeleting(this JsonNode? node) => node.Text("metadata", "deletionTimestamp") is not null;

    public static JsonObject? Condition(this JsonNode? node, string type) =>
        node.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);

    public static bool HasCondition(this JsonNode? node, string type) => node.Condition(type).Text("status") == "True";

    public static JsonObject? Controller(this JsonNode? node) =>
        node.Items("metadata", "ownerReferences").FirstOrDefault(owner => owner.IsTrue("controller"));

    public static IReadOnlyDictionary<string, string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonObject fields
            ? fields.Where(field => field.Value?.GetValueKind() == JsonValueKind.String)
                .ToDictionary(field => field.Key, field => field.Value!.GetValue<string>(), StringComparer.Ordinal)
            : new Dictionary<string, string>();
}
