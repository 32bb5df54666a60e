using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>A method as its name.</summary>
internal sealed class HttpMethodJsonConverter : JsonConverter<HttpMethod>
{
    public override HttpMethod Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        HttpMethod.Parse(reader.GetString());

    public override void Write(Utf8JsonWriter writer, HttpMethod value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Method);
}

/// <summary>Headers as an object: a text for one value, an array for several. Read in both forms.</summary>
internal sealed class HttpHeadersJsonConverter : JsonConverter<IDictionary<string, StringValues>>
{
    public override IDictionary<string, StringValues> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var headers = new Dictionary<string, StringValues>(StringComparer.OrdinalIgnoreCase);
        using JsonDocument json = JsonDocument.ParseValue(ref reader);
        foreach (JsonProperty header in json.RootElement.EnumerateObject())
        {
            headers[header.Name] = header.Value.ValueKind == JsonValueKind.Array
                ? new StringValues([.. header.Value.EnumerateArray().Select(static v => v.GetString())])
                : new StringValues(header.Value.GetString());
        }

        return headers;
    }

    public override void Write(Utf8JsonWriter writer, IDictionary<string, StringValues> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string name, StringValues values) in value)
        {
            if (values.Count == 1)
            {
                writer.WriteString(name, values[0]);
                continue;
            }

            writer.WriteStartArray(name);
            foreach (string? item in values)
            {
                writer.WriteStringValue(item);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

/// <summary>A token source by its kind; the one kind there is, is that of Azure's managed identities.</summary>
internal sealed class TokenSourceJsonConverter : JsonConverter<TokenSource>
{
    private const string ManagedIdentity = "AzureManagedIdentity";

    public override TokenSource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Form form = JsonSerializer.Deserialize<Form>(ref reader, options)!;
        return form.Kind == ManagedIdentity
            ? new ManagedIdentityTokenSource(form.Resource ?? "", form.Options)
            : throw new JsonException($"A token source of kind '{form.Kind}', expected '{ManagedIdentity}'.");
    }

    public override void Write(Utf8JsonWriter writer, TokenSource value, JsonSerializerOptions options)
    {
        var form = new Form(ManagedIdentity, value.Resource, (value as ManagedIdentityTokenSource)?.Options);
        JsonSerializer.Serialize(writer, form, options);
    }

    private sealed record Form(
        [property: JsonPropertyName("kind")] string? Kind,
        [property: JsonPropertyName("resource")] string? Resource,
        [property: JsonPropertyName("options")] ManagedIdentityOptions? Options);
}
