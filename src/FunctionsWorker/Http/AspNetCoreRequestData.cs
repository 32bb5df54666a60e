using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary><see cref="HttpRequestData"/> over the request of ASP.NET Core.</summary>
internal sealed class AspNetCoreRequestData(HttpRequest request, FunctionContext context) : HttpRequestData(context)
{
    private HttpHeadersCollection? _headers;
    private Uri? _url;
    private bool _isBuffered;

    /// <summary>Can be read again, and synchronously, as code for the isolated worker expects; kept for that from the first use
    /// on.</summary>
    public override Stream Body
    {
        get
        {
            if (!_isBuffered)
            {
                request.EnableBuffering();
                if (request.HttpContext.Features.Get<IHttpBodyControlFeature>() is { } control)
                {
                    control.AllowSynchronousIO = true;
                }

                _isBuffered = true;
            }

            return request.Body;
        }
    }

    public override HttpHeadersCollection Headers => _headers ??= new(
        request.Headers.Select(static h => new KeyValuePair<string, IEnumerable<string>>(h.Key, h.Value.OfType<string>())));

    public override IReadOnlyCollection<IHttpCookie> Cookies => [.. request.Cookies.Select(static c => new HttpCookie(c.Key, c.Value))];

    public override Uri Url => _url ??= new(request.GetEncodedUrl());

    public override IEnumerable<ClaimsIdentity> Identities => request.HttpContext.User.Identities;

    public override string Method => request.Method;

    public override HttpResponseData CreateResponse() => new AspNetCoreResponseData(FunctionContext);

    internal sealed class Feature(HttpContext http) : IHttpRequestDataFeature
    {
        private AspNetCoreRequestData? _request;

        public ValueTask<HttpRequestData> GetHttpRequestDataAsync(FunctionContext context) =>
            ValueTask.FromResult<HttpRequestData>(_request ??= new(http.Request, context));
    }
}
