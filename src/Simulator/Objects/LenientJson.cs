using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Objects;

/// <summary>Reads JSON as the real server does: of fields of one name in one object the last counts, and the others are told.</summary>
internal static class LenientJson
{
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static (JsonNode? Value, IReadOnlyList<string> Duplicates) Parse(string text)
    {
        var duplicates = new List<string>();
        using var document = JsonDocument.Parse(text);
        return (Read(document.RootElement, "", duplicates), duplicates);
    }

    private static JsonNode? Read(JsonElement element, string path, List<string> duplicates)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var made = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    var at = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    if (made.ContainsKey(property.Name) && !duplicates.Contains(at))
                        duplicates.Add(at);
                    made[property.Name] = Read(property.Value, at, duplicates);
                }
                return made;
            case JsonValueKind.Array:
                var items = element.EnumerateArray().Select((item, i) => Read(item, $"{path}[{i}]", duplicates));
                return new JsonArray([.. items]);
            case JsonValueKind.String:
                return JsonValue.Create(element.GetString());
            case JsonValueKind.True or JsonValueKind.False:
                return JsonValue.Create(element.GetBoolean());
            case JsonValueKind.Number when element.TryGetInt64(out var number):
                return JsonValue.Create(number);
            case JsonValueKind.Number:
                return JsonValue.Create(element.Clone());
            default:
                return null;
        }
    }
}
