using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>Error replies as problem+json (RFC 9457) with the correlation id and nothing of the inside.</summary>
internal static class Problems
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public static Task WriteAsync(HttpContext http, int status, string title, string detail)
    {
        http.Response.StatusCode = status;
        var problem = new
        {
            type = "about:blank",
            title,
            status,
            detail,
            instance = http.Request.Path.Value,
            correlationId = Correlation.IdOf(http),
        };
        return http.Response.WriteAsJsonAsync(problem, Web, "application/problem+json", http.RequestAborted);
    }
}
