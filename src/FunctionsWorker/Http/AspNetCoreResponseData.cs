using System.Net;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary><see cref="HttpResponseData"/> that waits in memory until the function has returned it.</summary>
internal sealed class AspNetCoreResponseData(FunctionContext context) : HttpResponseData(context)
{
    // Of the connection, not of the reply: the web server frames the body, and would take the function's word for it that it is framed.
    private static readonly HashSet<string> OfConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade",
    };

    private readonly CookieList _cookies = new();

    public override HttpStatusCode StatusCode { get; set; } = HttpStatusCode.OK;

    public override HttpHeadersCollection Headers { get; set; } = new();

    public override Stream Body { get; set; } = new MemoryStream();

    public override HttpCookies Cookies => _cookies;

    /// <summary>Sends any <see cref="HttpResponseData"/>; cookies only of our own kind, whose list we can read.</summary>
    public static async Task SendAsync(HttpResponseData response, HttpContext http)
    {
        http.Response.StatusCode = (int)response.StatusCode;
        foreach ((string name, IEnumerable<string> values) in response.Headers.Where(static h => !OfConnection.Contains(h.Key)))
        {
            http.Response.Headers[name] = values.ToArray();
        }

        foreach (IHttpCookie cookie in response.Cookies is CookieList list ? list.Cookies : [])
        {
            http.Response.Cookies.Append(cookie.Name, cookie.Value, OptionsOf(cookie));
        }

        if (response.Body.CanSeek)
        {
            response.Body.Position = 0;
        }

        await response.Body.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    private static CookieOptions OptionsOf(IHttpCookie cookie) => new()
    {
        Domain = cookie.Domain,
        Expires = cookie.Expires,
        HttpOnly = cookie.HttpOnly ?? false,
        MaxAge = cookie.MaxAge is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Path = cookie.Path ?? "/",
        Secure = cookie.Secure ?? false,
        SameSite = cookie.SameSite switch
        {
            SameSite.Lax => SameSiteMode.Lax,
            SameSite.Strict => SameSiteMode.Strict,
            SameSite.ExplicitNone => SameSiteMode.None,
            _ => SameSiteMode.Unspecified,
        },
    };

    private sealed class CookieList : HttpCookies
    {
        public List<IHttpCookie> Cookies { get; } = [];

        public override void Append(string name, string value) => Cookies.Add(new HttpCookie(name, value));

        public override void Append(IHttpCookie cookie) => Cookies.Add(cookie);

        public override IHttpCookie CreateNew() => new HttpCookie("", "");
    }
}
