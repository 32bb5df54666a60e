using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DurableTask.Core;

/// <summary>
/// What an application adds to a failure, in the few types that every storage gives back as they were: null, bool, text, double, points in
/// time, lists and dictionaries. So orchestrator code sees the same values before and after a replay.
/// </summary>
internal static class FailureProperties
{
    // Deep enough for data about a failure; what refers to itself is cut, not followed for ever.
    private const int MaximumDepth = 16;

    public static IReadOnlyDictionary<string, object?> Normalize(IDictionary<string, object?> properties) =>
        properties.ToDictionary(property => property.Key, property => Normalize(property.Value, depth: 0), StringComparer.Ordinal);

    private static object? Normalize(object? value, int depth) => value switch
    {
        null or bool or string or double or DateTime or DateTimeOffset => value,
        sbyte or byte or short or ushort or int or uint or long or ulong or float or decimal =>
            Convert.ToDouble(value, CultureInfo.InvariantCulture),
        _ when depth >= MaximumDepth => null,
        IDictionary<string, object?> dictionary => dictionary.ToDictionary(
            entry => entry.Key, entry => Normalize(entry.Value, depth + 1), StringComparer.Ordinal),
        IEnumerable list => list.Cast<object?>().Select(item => Normalize(item, depth + 1)).ToList(),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}

/// <summary>
/// JSON of normalised properties. A point in time is an object with one property, which says that it is one: a text that looks like a time
/// stays a text.
/// </summary>
internal sealed class FailurePropertiesJsonConverter : JsonConverter<IReadOnlyDictionary<string, object?>>
{
    private const string DateTimeMark = "$dateTime";
    private const string DateTimeOffsetMark = "$dateTimeOffset";

    public override IReadOnlyDictionary<string, object?> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return ReadObject(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> value, JsonSerializerOptions options) =>
        WriteObject(writer, value);

    private static Dictionary<string, object?> ReadObject(JsonElement json) =>
        json.EnumerateObject().ToDictionary(property => property.Name, property => Read(property.Value), StringComparer.Ordinal);

    private static object? Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => json.GetBoolean(),
        JsonValueKind.Number => json.GetDouble(),
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Array => json.EnumerateArray().Select(Read).ToList(),
        JsonValueKind.Object => ReadMarked(json),
        _ => null,
    };

    private static object ReadMarked(JsonElement json) =>
        json.TryGetProperty(DateTimeMark, out var marked) && marked.TryGetDateTime(out var dateTime) ? dateTime
        : json.TryGetProperty(DateTimeOffsetMark, out marked) && marked.TryGetDateTimeOffset(out var offset) ? offset
        : ReadObject(json);

    private static void WriteObject(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in properties)
        {
            writer.WritePropertyName(name);
            Write(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case DateTime dateTime:
                writer.WriteStartObject();
                writer.WriteString(DateTimeMark, dateTime);
                writer.WriteEndObject();
                break;
            case DateTimeOffset offset:
                writer.WriteStartObject();
                writer.WriteString(DateTimeOffsetMark, offset);
                writer.WriteEndObject();
                break;
            case IDictionary<string, object?> dictionary:
                WriteObject(writer, dictionary);
                break;
            case IEnumerable list when value is not string:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
