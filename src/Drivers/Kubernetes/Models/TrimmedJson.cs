using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// How objects are read that stay in memory: equal texts and equal fields without a model are one, and managedFields are passed over
/// without being built.
/// </summary>
internal static class TrimmedJson
{
    public static readonly JsonSerializerOptions Options = Create(skipManagedFields: true);
    private static readonly JsonSerializerOptions WithManagedFields = Create(skipManagedFields: false);

    /// <summary>The options for a trim; those of untrimmed objects when there is none.</summary>
    public static JsonSerializerOptions For(ObjectTrim? trim) => trim switch
    {
        null => KubernetesJson.Options,
        { ManagedFields: true } => Options,
        _ => WithManagedFields,
    };

    private static JsonSerializerOptions Create(bool skipManagedFields)
    {
        var resolver = new DefaultJsonTypeInfoResolver();
        if (skipManagedFields)
        {
            resolver.Modifiers.Add(static type =>
            {
                if (type.Type != typeof(ObjectMeta))
                    return;
                foreach (var property in type.Properties.Where(p => p.PropertyType == typeof(JsonNode)))
                    property.CustomConverter = new PassingOver();
            });
        }

        var options = new JsonSerializerOptions(KubernetesJson.Options) { TypeInfoResolver = resolver };
        options.Converters.Add(new PooledText());
        options.Converters.Add(new PooledElement());
        return options;
    }

    private sealed class PassingOver : JsonConverter<JsonNode>
    {
        public override JsonNode? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            // Not Skip, which refuses to work before the last block of a stream. The serializer has the whole value ready.
            return reader.TrySkip() ? null : throw new JsonException("Expected a whole value, got a part of one.");
        }

        public override void Write(Utf8JsonWriter writer, JsonNode value, JsonSerializerOptions options) => value.WriteTo(writer, options);
    }

    private sealed class PooledElement : JsonConverter<JsonElement>
    {
        public override bool HandleNull => true;

        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            ElementPool.Shared.Get(JsonElement.ParseValue(ref reader));

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);
    }

    private sealed class PooledText : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? null : Text(ref reader);

        public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Text(ref reader);

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WritePropertyName(value);

        private static string Text(ref Utf8JsonReader reader)
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                throw new JsonException($"Expected a text, got {reader.TokenType}.");
            return reader.HasValueSequence || reader.ValueIsEscaped ? reader.GetString()! : TextPool.Shared.Get(reader.ValueSpan);
        }
    }
}
