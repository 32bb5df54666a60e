using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.DurableTask.Client.Entities;

/// <summary>Writes metadata without what it does not have: queue, lock, state. Metadata is an answer: nothing reads it back.</summary>
internal sealed class EntityMetadataJsonConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert == typeof(EntityMetadata)
        || (typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(EntityMetadata<>));

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options)
    {
        var stateType = typeToConvert == typeof(EntityMetadata) ? typeof(SerializedData) : typeToConvert.GetGenericArguments()[0];
        return (JsonConverter)Activator.CreateInstance(typeof(Converter<,>).MakeGenericType(typeToConvert, stateType))!;
    }

    private sealed class Converter<TMetadata, TState> : JsonConverter<TMetadata>
        where TMetadata : EntityMetadata<TState>
    {
        public override TMetadata Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException($"{typeof(TMetadata)} cannot be read from JSON: it comes from a client only.");

        public override void Write(Utf8JsonWriter writer, TMetadata value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteString(NameOf(nameof(value.Id), options), value.Id.ToString());
            writer.WriteString(NameOf(nameof(value.LastModifiedTime), options), value.LastModifiedTime);
            if (value.BacklogQueueSize > 0)
            {
                writer.WriteNumber(NameOf(nameof(value.BacklogQueueSize), options), value.BacklogQueueSize);
            }

            if (value.LockedBy is { } lockedBy)
            {
                writer.WriteString(NameOf(nameof(value.LockedBy), options), lockedBy);
            }

            if (value.IncludesState)
            {
                writer.WritePropertyName(NameOf(nameof(value.State), options));
                WriteState(writer, value.State, options);
            }

            writer.WriteEndObject();
        }

        // A state that is still text goes out as that text: only its reader knows what it is.
        private static void WriteState(Utf8JsonWriter writer, TState state, JsonSerializerOptions options)
        {
            if (state is SerializedData data)
            {
                writer.WriteStringValue(data.Value);
            }
            else
            {
                JsonSerializer.Serialize(writer, state, options);
            }
        }

        private static string NameOf(string property, JsonSerializerOptions options) =>
            options.PropertyNamingPolicy?.ConvertName(property) ?? property;
    }
}
