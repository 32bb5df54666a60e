using System.Net;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Tells callers on this machine that mean this machine from all that others may have sent through it: a proxy, a page in a browser, a name
/// that leads here. A proxy that leaves no mark and names this machine as the host is a local caller itself.
/// </summary>
internal static class LocalCaller
{
    public static bool Sent(HttpContext http) => CameFromHere(http.Connection)
        && IsThisMachine(http.Request.Host.Host)
        && !http.Request.Headers.Keys.Any(IsMarkOfProxy)
        && !IsOfOtherPage(http.Request.Headers);

    // Forwarded headers may have written the remote address; the local one is that of the connection.
    private static bool CameFromHere(ConnectionInfo connection) =>
        connection is { RemoteIpAddress: { } caller, LocalIpAddress: { } here }
        && IPAddress.IsLoopback(caller) && IPAddress.IsLoopback(here);

    /// <summary>What was forwarded and believed is taken out of the request, and what was there before it is put in.</summary>
    private static bool IsMarkOfProxy(string header) => header.Equals("Forwarded", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase);

    /// <summary>For an image or a link of a page, a browser sends no origin; how far the page is it says all the same.</summary>
    private static bool IsOfOtherPage(IHeaderDictionary headers) =>
        (headers.Origin.Count > 0 && !(Uri.TryCreate(headers.Origin, UriKind.Absolute, out Uri? page) && IsThisMachine(page.Host)))
        || (headers["Sec-Fetch-Site"] is { Count: > 0 } site && site.ToString() is not ("same-origin" or "same-site" or "none"));

    private static bool IsThisMachine(string name) => string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(name, out IPAddress? address) && IPAddress.IsLoopback(address));
}
