using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Lets a request in when it brings the right key, or needs none because it comes from this machine (see <see cref="LocalKeys"/>), and a
/// body within the limit; else answers 401, 413, 429 to an address that tries wrong keys too often, or 503 while it cannot tell whether a
/// key is right, since the store of the keys was away at the start and is.
/// </summary>
internal sealed partial class KeyGate(KeyRing keys, WrongKeyLimiter limiter, HostSettings settings, ILogger<KeyGate> logger)
{
    /// <param name="level">Which key.</param>
    /// <param name="function">Whose it may be; null for an API of the host's own.</param>
    /// <param name="next">What stands behind.</param>
    public RequestDelegate Guard(AuthorizationLevel level, string? function, RequestDelegate next) => http =>
    {
        // Where none is wanted, none is looked for: the query is taken apart for it.
        string? key = level == AuthorizationLevel.Anonymous ? null : KeyRing.KeyOf(http.Request);
        if (!keys.Allows(key, level, function) && !(settings.Server.LocalKeys == LocalKeys.Waived && LocalCaller.Sent(http)))
        {
            if (key is not null && !keys.IsRead)
            {
                return RefuseUntilReadAsync(http);
            }

            if (key is not null && limiter.Count(http.Connection.RemoteIpAddress) is { } wait)
            {
                return RefuseForNowAsync(http, wait);
            }

            string reason = key is null ? "no key" : "wrong key";
            Log.Refused(logger, http.Request.Method, http.Request.Path, level, reason, Correlation.IdOf(http));
            string got = key is null ? "none came" : "the one that came is not valid here";
            return Problems.WriteAsync(http, StatusCodes.Status401Unauthorized, "A key is required",
                $"Expected {Wanted(level)} in header 'x-functions-key' or query 'code'; {got}.");
        }

        // A body without a length is cut off by the server while it is read.
        long bodyLimit = function is null ? settings.OwnBodyLimit : settings.RequestBodyLimit;
        if (function is null && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = bodyLimit;
        }

        if (http.Request.ContentLength > bodyLimit)
        {
            throw new BadHttpRequestException(
                $"The body has {http.Request.ContentLength} bytes, expected at most {bodyLimit}.", StatusCodes.Status413PayloadTooLarge);
        }

        return next(http);
    };

    private Task RefuseUntilReadAsync(HttpContext http)
    {
        http.Response.Headers.RetryAfter = ((int)KeyRefresher.Interval.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        Log.NotKnown(logger, http.Request.Method, http.Request.Path);
        return Problems.WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "The keys are not known yet",
            "This host has started while the store of the keys was away, and cannot tell whether the one that came is valid. Ask again.");
    }

    private Task RefuseForNowAsync(HttpContext http, TimeSpan wait)
    {
        int seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        Log.TooManyWrongKeys(logger, http.Connection.RemoteIpAddress, http.Request.Method, http.Request.Path);
        return Problems.WriteAsync(http, StatusCodes.Status429TooManyRequests, "Too many wrong keys",
            $"Too many wrong keys came from this address. Wait {seconds} s, or bring a valid key.");
    }

    private static string Wanted(AuthorizationLevel level) => level switch
    {
        AuthorizationLevel.Function => "a function key or host key",
        AuthorizationLevel.System => "a system key",
        _ => "the master key",
    };

    private static partial class Log
    {
        [LoggerMessage(28, LogLevel.Debug, "{Method} {Path} answered with 503: the keys have not been read yet")]
        public static partial void NotKnown(ILogger logger, string method, PathString path);

        [LoggerMessage(26, LogLevel.Debug, "Too many wrong keys from {Address}: {Method} {Path} answered with 429")]
        public static partial void TooManyWrongKeys(ILogger logger, IPAddress? address, string method, PathString path);

        [LoggerMessage(25, LogLevel.Warning, "{Method} {Path} refused: level {Level}, {Reason} (correlation {CorrelationId})")]
        public static partial void Refused(
            ILogger logger, string method, PathString path, AuthorizationLevel level, string reason, string correlationId);
    }
}
