using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>Lets a request in when it brings the right key and a body within the limit; else answers 401 or 413.</summary>
internal sealed partial class KeyGate(KeyRing keys, long bodyLimit, ILogger<KeyGate> logger)
{
    public RequestDelegate Guard(AuthorizationLevel level, string? function, RequestDelegate next) => async http =>
    {
        string? key = KeyRing.KeyOf(http.Request);
        if (!keys.Allows(key, level, function))
        {
            string reason = key is null ? "no key" : "wrong key";
            Log.Refused(logger, http.Request.Method, http.Request.Path, level, reason, Correlation.IdOf(http));
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

    private static partial class Log
    {
        [LoggerMessage(25, LogLevel.Warning, "{Method} {Path} refused: level {Level}, {Reason} (correlation {CorrelationId})")]
        public static partial void Refused(
            ILogger logger, string method, PathString path, AuthorizationLevel level, string reason, string correlationId);
    }
}
