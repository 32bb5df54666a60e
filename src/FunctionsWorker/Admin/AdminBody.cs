using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>Bodies of requests to the API for operators: a JSON object, or none.</summary>
internal static class AdminBody
{
    /// <returns>Null when there is no body.</returns>
    /// <exception cref="BadHttpRequestException">It is something else.</exception>
    public static async Task<JsonElement?> ReadAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        string text = await reader.ReadToEndAsync(http.RequestAborted);
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        try
        {
            return JsonElement.Parse(text) is { ValueKind: JsonValueKind.Object } json
                ? json
                : throw new BadHttpRequestException("The body is JSON, but no object.");
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException($"The body is not JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A property that is text, or is not there.</summary>
    /// <exception cref="BadHttpRequestException">It is something else.</exception>
    public static string? Text(JsonElement? body, string name) => body is not { } json || !json.TryGetProperty(name, out JsonElement value)
        ? null
        : value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => throw new BadHttpRequestException($"'{name}' is {value.ValueKind}, expected a string."),
        };
}
