using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>How objects are written: camel case, nothing for null, times in RFC 3339.</summary>
internal static class KubernetesJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = 128,
    };

    public static T FromNode<T>(JsonNode node) => node.Deserialize<T>(Options)
        ?? throw new JsonException($"Expected a JSON object of type {typeof(T).Name}, got null.");

    public static JsonObject ToNode(KubernetesObject value) =>
        JsonSerializer.SerializeToNode(value, value.GetType(), Options)!.AsObject();
}

/// <summary>Kubernetes' MicroTime wants exactly six fractional digits.</summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTimeOffset?>
{
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? null : reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } time)
            writer.WriteStringValue(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        else
            writer.WriteNullValue();
    }
}
