using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;
using YamlDotNet.Core;

namespace Heal.Simulator.Api;

/// <summary>Reads request bodies, JSON or YAML, up to <see cref="Limit"/> bytes.</summary>
internal static class BodyReader
{
    /// <summary>The real server's limit.</summary>
    public const long Limit = 3 * 1024 * 1024;

    public static string MediaType(HttpContext http) => (http.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    public static async Task<JsonNode?> ReadAsync(HttpContext http) => (await ReadFieldsAsync(http)).Value;

    /// <summary>The body, and the paths of fields that stand twice in one object of it.</summary>
    public static async Task<(JsonNode? Value, IReadOnlyList<string> Duplicates)> ReadFieldsAsync(HttpContext http)
    {
        var text = await ReadTextAsync(http);
        return string.IsNullOrWhiteSpace(text) ? (null, []) : Parse(text, MediaType(http));
    }

    public static async Task<JsonObject> ReadObjectAsync(HttpContext http) => (await ReadObjectFieldsAsync(http)).Value;

    public static async Task<(JsonObject Value, IReadOnlyList<string> Duplicates)> ReadObjectFieldsAsync(HttpContext http)
    {
        var media = MediaType(http);
        if (media.Contains("protobuf", StringComparison.Ordinal))
            throw ApiException.UnsupportedMediaType(media, "application/json, application/yaml");
        var (value, duplicates) = await ReadFieldsAsync(http);
        return (value as JsonObject ?? throw ApiException.BadRequest("the body must be an object; got nothing or another JSON value"),
            duplicates);
    }

    public static async Task<JsonObject> ReadJsonAsync(HttpContext http)
        => Parse(await ReadTextAsync(http), "application/json").Value as JsonObject
            ?? throw ApiException.BadRequest("the body must be a JSON object");

    private static (JsonNode? Value, IReadOnlyList<string> Duplicates) Parse(string text, string mediaType)
    {
        try
        {
            if (mediaType.Contains("yaml", StringComparison.Ordinal) && !text.TrimStart().StartsWith('{'))
                return (Yaml.ParseAll(text) is [var first, ..] ? first : null, []);
            return LenientJson.Parse(text);
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"the object provided is unrecognized (must be of type JSON or YAML): {e.Message}");
        }
        catch (YamlException e)
        {
            throw ApiException.BadRequest($"the object provided is unrecognized (YAML line {e.Start.Line}): {e.Message}");
        }
    }

    private static async Task<string> ReadTextAsync(HttpContext http)
    {
        if (http.Request.ContentLength > Limit)
            throw ApiException.TooLarge(Limit);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(chunk, http.RequestAborted)) > 0)
        {
            if (buffer.Length + read > Limit)
                throw ApiException.TooLarge(Limit);
            buffer.Write(chunk, 0, read);
        }
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
