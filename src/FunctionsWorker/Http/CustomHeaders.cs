using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Configuration;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// <c>extensions.http.customHeaders</c>: on every reply on a function's route, refusals too. What the function set itself stays.
/// </summary>
internal sealed class CustomHeaders(HostSettings settings)
{
    private readonly KeyValuePair<string, string>[] _headers = [.. settings.Http.CustomHeaders];

    public RequestDelegate Guard(RequestDelegate next)
    {
        return _headers.Length == 0 ? next : http =>
        {
            http.Response.OnStarting(
                static state => AddAsync(((HttpResponse, KeyValuePair<string, string>[]))state), (http.Response, _headers));
            return next(http);
        };
    }

    private static Task AddAsync((HttpResponse Response, KeyValuePair<string, string>[] Headers) state)
    {
        foreach ((string name, string value) in state.Headers)
        {
            state.Response.Headers.TryAdd(name, value);
        }

        return Task.CompletedTask;
    }
}
