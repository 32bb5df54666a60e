using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Gives every request a correlation id: the caller's <c>x-correlation-id</c> when it is harmless, else the trace id
/// (of his <c>traceparent</c> when he sent one). It is returned in the reply and stands in every log line of the request.
/// </summary>
internal sealed partial class Correlation(RequestDelegate next, ILogger<Correlation> logger)
{
    public const string Header = "x-correlation-id";

    // The server's own place for it: what the server logs about a request has the same id.
    public static string IdOf(HttpContext http) => http.TraceIdentifier;

    // Asynchronous although it costs a little: what a scope sets must not stay with the connection, whose next request would have it too.
    public async Task InvokeAsync(HttpContext http)
    {
        string sent = http.Request.Headers[Header].ToString();
        string id = sent.Length > 0 && Harmless().IsMatch(sent) ? sent : Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        http.TraceIdentifier = id;
        http.Response.OnStarting(
            static state =>
            {
                var request = (HttpContext)state;
                request.Response.Headers[Header] = IdOf(request);
                return Task.CompletedTask;
            },
            http);
        using IDisposable? scope = logger.BeginScope(new RequestScope(id));
        await next(http);
    }

    [GeneratedRegex("^[A-Za-z0-9._:-]{1,128}$")]
    private static partial Regex Harmless();
}
