using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>Reads what a caller of the management API may say. What cannot be read is a 400 that names it.</summary>
internal static class ManagementQuery
{
    public const string ContinuationHeader = "x-ms-continuation-token";

    private const int MaxPageSize = 1000;
    private const string JsonType = "application/json";
    private const string EscapedSlash = "%2F";

    // The longest that a caller may be kept waiting for the end of an orchestration.
    private const int MaxWaitSeconds = 3600;

    /// <summary>A part of the path. The web server has unescaped it, all but escaped slashes: what looks like one may have been an escaped
    /// percent sign before "2F", and only the address as it was sent tells.</summary>
    public static string? Route(HttpContext http, string name) => http.Request.RouteValues[name] is not string value ? null
        : !value.Contains(EscapedSlash, StringComparison.OrdinalIgnoreCase) ? value
        : AsSent(http, name, value) is { } sent ? Uri.UnescapeDataString(sent)
        : value.Replace(EscapedSlash, "/", StringComparison.OrdinalIgnoreCase);

    private static string? AsSent(HttpContext http, string name, string value)
    {
        IReadOnlyList<RoutePatternPathSegment> route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.PathSegments ?? [];
        int index = route.TakeWhile(segment => segment.Parts is not [RoutePatternParameterPart part] || part.Name != name).Count();
        string path = (http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "").Split('?')[0];
        // Behind a base path, or with dots in it, the parts are others.
        return path.Split('/').ElementAtOrDefault(index + 1) is { } sent
            && string.Equals(ButSlashes(sent), value, StringComparison.OrdinalIgnoreCase) ? sent : null;
    }

    private static string ButSlashes(string segment) =>
        Uri.UnescapeDataString(segment.Replace(EscapedSlash, "%25" + EscapedSlash[1..], StringComparison.OrdinalIgnoreCase));

    public static string InstanceId(HttpContext http) => Route(http, "id")!;

    public static string? Text(HttpContext http, string name) =>
        http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    public static bool Flag(HttpContext http, string name, bool fallback) => Text(http, name) is not { } text ? fallback
        : bool.TryParse(text, out bool value) ? value
        : throw new BadHttpRequestException($"{name}: is '{text}', expected true or false.");

    public static DateTimeOffset? Time(HttpContext http, string name) => Text(http, name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset value) ? value
        : throw new BadHttpRequestException($"{name}: is '{text}', expected a time such as 2026-01-31T12:00:00Z.");

    public static int Top(HttpContext http, int fallback) => Text(http, "top") is not { } text ? fallback
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= MaxPageSize ? number
        : throw new BadHttpRequestException($"top: is '{text}', expected a number from 1 to {MaxPageSize}.");

    /// <summary>The statuses asked for: repeated, or with commas between. Null for all.</summary>
    public static IReadOnlyList<OrchestrationRuntimeStatus>? Statuses(HttpContext http)
    {
        List<OrchestrationRuntimeStatus> statuses = [.. http.Request.Query["runtimeStatus"]
            .SelectMany(static v => (v ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(static v => Enum.TryParse(v, ignoreCase: true, out OrchestrationRuntimeStatus status) && char.IsAsciiLetter(v[0])
                ? status
                : throw new BadHttpRequestException(
                    $"runtimeStatus: '{v}' is none of {string.Join(", ", Enum.GetNames<OrchestrationRuntimeStatus>())}."))];
        return statuses.Count == 0 ? null : statuses;
    }

    public static string? Continuation(HttpContext http) =>
        http.Request.Headers[ContinuationHeader].ToString() is { Length: > 0 } token ? token : null;

    /// <summary>How long to wait for the end; null unless both <c>timeout</c> and <c>pollingInterval</c> are given.</summary>
    public static TimeSpan? Wait(HttpContext http)
    {
        TimeSpan? timeout = Seconds(http, "timeout");
        TimeSpan? interval = Seconds(http, "pollingInterval");

        // The hub wakes the wait, so that the interval has nothing to set; the caller still gives both, as the API asks.
        return interval is null ? null : timeout;
    }

    public static bool IsJson(HttpContext http) => string.Equals(
        http.Request.ContentType?.Split(';')[0].Trim(), JsonType, StringComparison.OrdinalIgnoreCase);

    public static async Task<string> BodyAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        return await reader.ReadToEndAsync(http.RequestAborted);
    }

    /// <summary>The body as JSON; null when there is none.</summary>
    public static async Task<JsonElement?> JsonBodyAsync(HttpContext http)
    {
        string text = await BodyAsync(http);
        try
        {
            return text.Length == 0 ? null : JsonElement.Parse(text);
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException($"Invalid JSON content: {exception.Message}", exception);
        }
    }

    private static TimeSpan? Seconds(HttpContext http, string name) => Text(http, name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0 and <= MaxWaitSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new BadHttpRequestException($"{name}: is '{text}', expected seconds, above 0 and up to {MaxWaitSeconds}.");
}
