using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace DurableTask.Core.History;

/// <summary>
/// The stored form of history events, failures and tags: JSON, with the event's type in the property "$event" and without nulls.
/// Every hub uses it, so that a history reads the same wherever it is kept. Safe for any text; a NUL character is stored escaped.
/// </summary>
public static class HistorySerializer
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The texts go to storage, never into a web page: keep them short and readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        AllowOutOfOrderMetadataProperties = true,
        TypeInfoResolver = HistoryJsonContext.Default.WithAddedModifier(LeaveOutKind),
    };

    private const int InitialBuffer = 4 * 1024;

    /// <summary>A thread keeps a buffer of at most this size, in bytes, for the next turn.</summary>
    private const int MaxKeptBuffer = 256 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = Options.Encoder, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private static readonly JsonTypeInfo<HistoryEvent> EventInfo = (JsonTypeInfo<HistoryEvent>)Options.GetTypeInfo(typeof(HistoryEvent));
    private static readonly JsonTypeInfo<FailureDetails> FailureInfo =
        (JsonTypeInfo<FailureDetails>)Options.GetTypeInfo(typeof(FailureDetails));
    private static readonly JsonTypeInfo<Dictionary<string, string>> TagsInfo =
        (JsonTypeInfo<Dictionary<string, string>>)Options.GetTypeInfo(typeof(Dictionary<string, string>));

    public static string Serialize(HistoryEvent historyEvent) => JsonSerializer.Serialize(historyEvent, EventInfo);

    /// <summary>The events of a turn, as one JSON array in UTF-8; null when there are none.</summary>
    public static byte[]? SerializeAll(IReadOnlyList<HistoryEvent> events)
    {
        if (events.Count == 0)
        {
            return null;
        }

        var buffer = _buffer ??= new ArrayBufferWriter<byte>(InitialBuffer);
        buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartArray();
            foreach (var entry in events)
            {
                JsonSerializer.Serialize(writer, entry, EventInfo);
            }

            writer.WriteEndArray();
        }

        var text = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > MaxKeptBuffer)
        {
            _buffer = null;
        }

        return text;
    }

    /// <summary>
    /// Reads what <see cref="SerializeAll"/> or <see cref="Serialize(HistoryEvent)"/> wrote. What cannot be read becomes an
    /// <see cref="UnreadableEvent"/>, as in <see cref="ReadEvent"/>.
    /// </summary>
    public static IReadOnlyList<HistoryEvent> ReadAll(string json)
    {
        if (!json.StartsWith('['))
        {
            return [ReadEvent(json)];
        }

        try
        {
            using var array = JsonDocument.Parse(json);
            return [.. array.RootElement.EnumerateArray().Select(entry => ReadEvent(entry.GetRawText()))];
        }
        catch (JsonException unreadable)
        {
            return [new UnreadableEvent(unreadable.Message, isDamaged: true)];
        }
    }

    /// <exception cref="JsonException">The text is not an event that this version knows.</exception>
    public static HistoryEvent DeserializeEvent(string json) =>
        JsonSerializer.Deserialize(json, EventInfo) ?? throw new JsonException("A history event is stored as null.");

    /// <summary>As <see cref="DeserializeEvent"/>, but a text that is no event of this version becomes an
    /// <see cref="UnreadableEvent"/>: one bad row must not keep its neighbours from being read.</summary>
    public static HistoryEvent ReadEvent(string json)
    {
        try
        {
            return DeserializeEvent(json);
        }
        catch (Exception unreadable) when (unreadable is JsonException or NotSupportedException or InvalidOperationException)
        {
            return new UnreadableEvent(unreadable.Message, isDamaged: !IsJson(json));
        }
    }

    /// <summary>True when some version may be able to read the text.</summary>
    internal static bool IsJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public static string? Serialize(FailureDetails? failure) => failure is null ? null : JsonSerializer.Serialize(failure, FailureInfo);

    public static FailureDetails? DeserializeFailure(string? json) => json is null ? null : JsonSerializer.Deserialize(json, FailureInfo);

    public static string? SerializeTags(IDictionary<string, string>? tags) =>
        tags is null or { Count: 0 }
            ? null
            : JsonSerializer.Serialize(new Dictionary<string, string>(tags, StringComparer.Ordinal), TagsInfo);

    public static IReadOnlyDictionary<string, string> DeserializeTags(string? json) =>
        (json is null ? null : JsonSerializer.Deserialize(json, TagsInfo)) ?? [];

    /// <summary>"$event" says the kind already; an ignored property that is overridden would be written all the same.</summary>
    private static void LeaveOutKind(JsonTypeInfo info)
    {
        if (typeof(HistoryEvent).IsAssignableFrom(info.Type)
            && info.Properties.FirstOrDefault(property => property.Name == nameof(HistoryEvent.EventType)) is { } kind)
        {
            info.Properties.Remove(kind);
        }
    }
}

[JsonSerializable(typeof(HistoryEvent))]
[JsonSerializable(typeof(FailureDetails))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class HistoryJsonContext : JsonSerializerContext;
