using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Keys;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>Lets a request in when it brings the right key and a body within the limit; else answers 401 or 413.</summary>
internal sealed class KeyGate(KeyRing keys, long bodyLimit)
{
    public RequestDelegate Guard(AuthorizationLevel level, string? function, RequestDelegate next) => async http =>
    {
        string? key = KeyRing.KeyOf(http.Request);
        if (!keys.Allows(key, level, function))
        {
            string got = key is null ? "none came" : "the one that came is not valid here";
            await Problems.WriteAsync(http, StatusCodes.Status401Unauthorized, "A key is required",
                $"Expected {Wanted(level)} in header 'x-functions-key' or query 'code'; {got}.");
            return;
        }

        // A body without a length is cut off by the server while it is read.
        if (http.Request.ContentLength > bodyLimit)
        {
            throw new BadHttpRequestException(
                $"The body has {http.Request.ContentLength} bytes, expected at most {bodyLimit}.", StatusCodes.Status413PayloadTooLarge);
        }

        await next(http);
    };

    private static string Wanted(AuthorizationLevel level) => level switch
    {
        AuthorizationLevel.Function => "a function key or host key",
        AuthorizationLevel.System => "a system key",
        _ => "the master key",
    };
}
