using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>Writes answers, always as JSON: newer servers speak CBOR too, but only to those who ask for nothing else.</summary>
internal static class Responses
{
    public static Task JsonAsync(HttpContext http, int code, JsonNode value)
        => JsonAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(value, Wire.Options));

    public static Task JsonAsync(HttpContext http, int code, JsonNode value, string mediaType)
        => JsonAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(value, Wire.Options), mediaType);

    public static Task JsonAsync(HttpContext http, int code, byte[] utf8, string mediaType = "application/json")
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = mediaType;
        http.Response.ContentLength = utf8.Length;
        return http.Response.Body.WriteAsync(utf8, http.RequestAborted).AsTask();
    }

    public static Task TextAsync(HttpContext http, string text)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    public static Task ErrorAsync(HttpContext http, ApiException error)
    {
        if (error.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return JsonAsync(http, error.Code, error.ToStatus());
    }
}
