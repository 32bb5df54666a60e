using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Gives every request a correlation id: the caller's <c>x-correlation-id</c> when it is harmless, else the trace id
/// (of his <c>traceparent</c> when he sent one). It is returned in the reply and stands in every log line of the request.
/// </summary>
internal sealed partial class Correlation(RequestDelegate next, ILogger<Correlation> logger)
{
    public const string Header = "x-correlation-id";

    private static readonly object Key = new();

    public static string IdOf(HttpContext http) => http.Items[Key] as string ?? http.TraceIdentifier;

    public async Task InvokeAsync(HttpContext http)
    {
        string sent = http.Request.Headers[Header].ToString();
        string id = Harmless().IsMatch(sent) ? sent : Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        http.Items[Key] = id;
        http.Response.OnStarting(() =>
        {
            http.Response.Headers[Header] = id;
            return Task.CompletedTask;
        });
        using IDisposable? scope = logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["CorrelationId"] = id });
        await next(http);
    }

    [GeneratedRegex("^[A-Za-z0-9._:-]{1,128}$")]
    private static partial Regex Harmless();
}
