using System.Text.Json.Serialization;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>
/// A request that an orchestrator has made for it with CallHttpAsync. It is stored in the history as it stands, headers and all: keep
/// secrets out of it, and let <see cref="TokenSource"/> bring the token.
/// </summary>
[method: JsonConstructor]
public class DurableHttpRequest(HttpMethod method, Uri uri)
{
    /// <summary>A request with headers.</summary>
    public DurableHttpRequest(
        HttpMethod method, Uri uri, IDictionary<string, StringValues>? headers, bool asynchronousPatternEnabled = false)
        : this(method, uri)
    {
        Headers = headers;
        AsynchronousPatternEnabled = asynchronousPatternEnabled;
    }

    [JsonPropertyName("method")]
    [JsonConverter(typeof(HttpMethodJsonConverter))]
    public HttpMethod Method { get; } = method;

    /// <summary>Absolute, http or https.</summary>
    [JsonPropertyName("uri")]
    public Uri Uri { get; } = uri;

    [JsonPropertyName("headers")]
    [JsonConverter(typeof(HttpHeadersJsonConverter))]
    public IDictionary<string, StringValues>? Headers { get; set; }

    /// <summary>The body, as text; <c>text/plain</c> unless a Content-Type header says otherwise.</summary>
    [JsonPropertyName("content")]
    public string? Content { get; set; }

    /// <summary>Whether a 202 is followed up by polling its Location until the answer is another one. Default: false.</summary>
    [JsonPropertyName("asynchronousPatternEnabled")]
    public bool AsynchronousPatternEnabled { get; set; }

    /// <summary>When and how often to try again; null, the default, is never.</summary>
    [JsonPropertyName("retryOptions")]
    public HttpRetryOptions? HttpRetryOptions { get; set; }

    /// <summary>For the request, its retries and all polling together. Default: none; each single request has 100 s.</summary>
    [JsonPropertyName("timeout")]
    public TimeSpan? Timeout { get; set; }

    /// <summary>Where a bearer token comes from when the request is sent; the token itself is never stored.</summary>
    [JsonPropertyName("tokenSource")]
    [JsonConverter(typeof(TokenSourceJsonConverter))]
    public TokenSource? TokenSource { get; set; }

    /// <summary>What the orchestrator asked for, when this is a request to a place that a response named.</summary>
    [JsonInclude]
    [JsonPropertyName("asked")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal Uri? Asked { get; set; }
}
