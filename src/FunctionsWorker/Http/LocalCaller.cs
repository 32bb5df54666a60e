using System.Net;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Tells callers on this machine that mean this machine from all that others may have sent through it: a proxy, a page in a browser, a name
/// that leads here.
/// </summary>
internal static class LocalCaller
{
    public static bool Sent(HttpContext http)
    {
        IHeaderDictionary headers = http.Request.Headers;
        return http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
            && IsThisMachine(http.Request.Host.Host)
            && !headers.ContainsKey("Forwarded") && !headers.ContainsKey("X-Forwarded-For")
            && (headers.Origin.Count == 0 || (Uri.TryCreate(headers.Origin, UriKind.Absolute, out Uri? page) && IsThisMachine(page.Host)));
    }

    private static bool IsThisMachine(string name) => string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(name, out IPAddress? address) && IPAddress.IsLoopback(address));
}
