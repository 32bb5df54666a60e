using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// The limits of <c>extensions.http</c> for the requests of functions, all together: so many run, so many more wait in the order in which
/// they came, and the rest is answered with 429 and <c>Retry-After</c>; also while the process is in trouble, if wished.
/// </summary>
internal sealed partial class RequestThrottle : IDisposable
{
    private const int RetryAfterSeconds = 1;
    private static readonly TimeSpan QuietAfterWarning = TimeSpan.FromSeconds(10);

    private readonly ConcurrencyLimiter? _limiter;
    private readonly LoadMonitor? _load;
    private readonly HostMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<RequestThrottle> _logger;
    private long _quietUntil;

    public RequestThrottle(
        HostSettings settings, LoadMonitor load, HostMetrics metrics, TimeProvider time, ILogger<RequestThrottle> logger)
    {
        (_metrics, _time, _logger) = (metrics, time, logger);
        _load = settings.Http.DynamicThrottles ? load : null;
        int? outstanding = settings.Http.MaxOutstandingRequests;
        if ((settings.Http.MaxConcurrentRequests ?? outstanding) is { } concurrent)
        {
            int most = outstanding ?? int.MaxValue;
            int permits = Math.Min(concurrent, most);
            _limiter = new(new()
            {
                PermitLimit = permits,
                QueueLimit = most - permits,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            });
            metrics.ObserveWaiting(() => _limiter.GetStatistics()?.CurrentQueuedCount ?? 0);
        }
    }

    public void Dispose() => _limiter?.Dispose();

    public RequestDelegate Guard(RequestDelegate next) => _limiter is null && _load is null ? next : http => LimitAsync(http, next);

    private async Task LimitAsync(HttpContext http, RequestDelegate next)
    {
        if (_load?.Trouble is { } trouble)
        {
            await RefuseAsync(http, "overload", "The host is overloaded.", trouble);
            return;
        }

        if (_limiter is null)
        {
            await next(http);
            return;
        }

        using RateLimitLease lease = _limiter.AttemptAcquire() is { IsAcquired: true } free
            ? free
            : await _limiter.AcquireAsync(permitCount: 1, http.RequestAborted);
        if (lease.IsAcquired)
        {
            await next(http);
            return;
        }

        await RefuseAsync(
            http, "outstanding", "The host has as many requests as it takes.", "extensions.http.maxOutstandingRequests is reached");
    }

    private Task RefuseAsync(HttpContext http, string reason, string detail, string cause)
    {
        _metrics.Refused(reason);
        long now = _time.GetUtcNow().UtcTicks;
        long quietUntil = Volatile.Read(ref _quietUntil);
        // One line for many refusals: under a flood, a line for each would be the next trouble.
        if (now >= quietUntil && Interlocked.CompareExchange(ref _quietUntil, now + QuietAfterWarning.Ticks, quietUntil) == quietUntil)
        {
            Log.Refusing(_logger, cause, QuietAfterWarning);
        }

        http.Response.Headers.RetryAfter = RetryAfterSeconds.ToString();
        return Problems.WriteAsync(
            http, StatusCodes.Status429TooManyRequests, "Too many requests", $"{detail} Try again in {RetryAfterSeconds} s.");
    }

    private static partial class Log
    {
        [LoggerMessage(27, LogLevel.Warning, "Requests are refused with 429: {Cause} (said at most once per {Quiet})")]
        public static partial void Refusing(ILogger logger, string cause, TimeSpan quiet);
    }
}
