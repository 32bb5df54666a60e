using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Healing;

/// <summary>Compares pod templates by content. What controllers add (the hash label, empty creation times) does not count.</summary>
public static class PodTemplates
{
    private const string HashLabel = "pod-template-hash";
    private const int HashBytes = 12;

    /// <summary>A hash that is equal exactly when the contents are, whatever the order of the fields.</summary>
    public static string Hash(JsonObject template)
    {
        var text = new StringBuilder();
        Write(Normalise(template), text);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, HashBytes));
    }

    /// <summary>The template as a Deployment holds it: a copy without what controllers add.</summary>
    public static JsonObject Normalise(JsonObject template)
    {
        var copy = template.DeepClone().AsObject();
        if (copy["metadata"] is not JsonObject metadata) return copy;
        if (metadata["creationTimestamp"] is null) metadata.Remove("creationTimestamp");
        if (metadata["labels"] is JsonObject labels) labels.Remove(HashLabel);
        return copy;
    }

    private static void Write(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject fields:
                text.Append('{');
                foreach (var (name, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
                {
                    text.Append(JsonValue.Create(name).ToJsonString()).Append(':');
                    Write(value, text);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case JsonArray items:
                text.Append('[');
                foreach (var item in items)
                {
                    Write(item, text);
                    text.Append(',');
                }

                text.Append(']');
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }
}
