using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>Which headers go with a request to the place that a response named, by a redirect or for polling.</summary>
internal static class RequestHeaders
{
    // What tells no secret. Any other header may: an API key can have any name.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "User-Agent", "traceparent", "tracestate",
    };

    /// <summary>To the same origin all headers, but those of a body that is not sent again; to another only what tells no secret.</summary>
    public static Dictionary<string, StringValues>? For(
        IDictionary<string, StringValues>? headers, Uri from, Uri to, bool withBody) => headers?
            .Where(h => (withBody || !IsOfContent(h.Key)) && (IsSameOrigin(from, to) || Harmless.Contains(h.Key) || IsOfContent(h.Key)))
            .ToDictionary(static h => h.Key, static h => h.Value, StringComparer.OrdinalIgnoreCase);

    public static bool IsOfContent(string name) => name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);

    public static bool IsSameOrigin(Uri one, Uri other) =>
        Uri.Compare(one, other, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;
}
