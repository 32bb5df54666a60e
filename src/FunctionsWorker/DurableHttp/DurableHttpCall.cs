using System.Globalization;
using System.Net;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>
/// The orchestrator's side of a durable HTTP call: attempts, the waits between them, and the polling after a 202, all of it durable. It
/// runs as orchestrator code: nothing but the context is awaited.
/// </summary>
internal sealed partial class DurableHttpCall
{
    /// <summary>The property of the context with the wait between polls, in milliseconds; the name is that of the official host.</summary>
    public const string PollIntervalProperty = "HttpDefaultAsyncRequestSleepTimeMilliseconds";

    private const double DefaultPollMilliseconds = 30_000;

    /// <summary>A service that says "at once" would be polled without a pause, and each poll is in the history.</summary>
    private const int ShortestPollSeconds = 1;

    private readonly TaskOrchestrationContext _context;
    private readonly DurableHttpRequest _request;
    private readonly ILogger _logger;
    private readonly DateTime? _deadline;
    private bool _callEndsFirst;

    public DurableHttpCall(TaskOrchestrationContext context, DurableHttpRequest request)
    {
        Check(request);
        _context = context;
        _request = request;
        _logger = context.CreateReplaySafeLogger("Microsoft.Azure.Functions.Worker.Extensions.DurableTask.CallHttp");
        _deadline = request.Timeout is { } timeout && timeout < DateTime.MaxValue - context.CurrentUtcDateTime
            ? context.CurrentUtcDateTime + timeout
            : null;
    }

    public async Task<DurableHttpResponse> RunAsync()
    {
        DurableHttpRequest current = _request;
        DurableHttpResponse response = await AttemptAsync(current);
        while (_request.AsynchronousPatternEnabled && response.StatusCode == HttpStatusCode.Accepted)
        {
            string? location = response.Headers?.TryGetValue("Location", out StringValues values) == true ? values.ToString() : null;
            if (NamedPlace.Of(current.Uri, location, out string reason) is not { } place)
            {
                Log.NotPolled(_logger, _context.InstanceId, HttpActivity.Target(current), reason);
                break;
            }

            await WaitUntilAsync(NextPoll(response));
            current = Poll(place);
            response = await AttemptAsync(current);
        }

        return response;
    }

    private DurableHttpRequest Poll(Uri place) => new(HttpMethod.Get, place)
    {
        // From the first request, not the last: back at its origin, a poll has its headers again.
        Headers = RequestHeaders.For(_request.Headers, _request.Uri, place, withBody: false),
        HttpRetryOptions = _request.HttpRetryOptions,
        AsynchronousPatternEnabled = true,
        Asked = _request.Uri,
        TokenSource = RequestHeaders.IsSameOrigin(_request.Uri, place) ? _request.TokenSource : null,
    };

    private DateTime NextPoll(DurableHttpResponse response)
    {
        DateTime now = _context.CurrentUtcDateTime;
        if (response.Headers?.TryGetValue("Retry-After", out StringValues after) == true)
        {
            if (int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
            {
                return now.AddSeconds(Math.Max(ShortestPollSeconds, seconds));
            }

            if (DateTimeOffset.TryParse(after, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
            {
                DateTime earliest = now.AddSeconds(ShortestPollSeconds);
                return date.UtcDateTime > earliest ? date.UtcDateTime : earliest;
            }
        }

        return now.AddMilliseconds(_context.Properties.GetValueOrDefault(PollIntervalProperty) switch
        {
            double milliseconds => milliseconds,
            int milliseconds => milliseconds,
            _ => DefaultPollMilliseconds,
        });
    }

    private async Task<DurableHttpResponse> AttemptAsync(DurableHttpRequest request)
    {
        DateTime begin = _context.CurrentUtcDateTime;
        for (int attempt = 1; ; attempt++)
        {
            DateTime? again;
            try
            {
                DurableHttpResponse response = await SendAsync(request);
                again = IsToRetry(response.StatusCode) ? NextAttempt(begin, attempt) : null;
                if (again is null)
                {
                    return response;
                }
            }
            catch (TaskFailedException exception)
                when (!IsOver() && !IsCutOff(exception) && NextAttempt(begin, attempt) is not null)
            {
                again = NextAttempt(begin, attempt);
            }
            catch (TaskFailedException exception) when (IsOver() || IsCutOff(exception))
            {
                throw Late(exception);
            }

            await WaitUntilAsync(again!.Value);
        }
    }

    private Task<DurableHttpResponse> SendAsync(DurableHttpRequest request)
    {
        TimeSpan? left = _deadline is { } deadline ? Max(deadline - _context.CurrentUtcDateTime, TimeSpan.FromMilliseconds(1)) : null;
        _callEndsFirst = left < HttpActivity.RequestTimeout;
        var sent = new DurableHttpRequest(request.Method, request.Uri)
        {
            Headers = request.Headers,
            Content = request.Content,
            AsynchronousPatternEnabled = request.AsynchronousPatternEnabled,
            HttpRetryOptions = request.HttpRetryOptions,
            TokenSource = request.TokenSource,
            Asked = request.Asked,
            Timeout = left,
        };
        return _context.CallActivityAsync<DurableHttpResponse>(HttpActivity.Name, sent);
    }

    private bool IsToRetry(HttpStatusCode status) => _request.HttpRetryOptions is { } retry
        && (retry.StatusCodesToRetry.Count == 0 ? (int)status >= 400 : retry.StatusCodesToRetry.Contains(status));

    private DateTime? NextAttempt(DateTime begin, int attempt)
    {
        if (_request.HttpRetryOptions is not { } retry || attempt >= retry.MaxNumberOfAttempts)
        {
            return null;
        }

        double wait = retry.FirstRetryInterval.TotalMilliseconds * Math.Pow(retry.BackoffCoefficient, attempt - 1);
        DateTime next = _context.CurrentUtcDateTime.AddMilliseconds(Math.Min(wait, retry.MaxRetryInterval.TotalMilliseconds));
        return next - begin <= retry.RetryTimeout ? next : null;
    }

    private async Task WaitUntilAsync(DateTime time)
    {
        bool isTooLate = time > _deadline;
        await _context.CreateTimer(isTooLate ? _deadline!.Value : time, CancellationToken.None);
        if (isTooLate)
        {
            throw Late(inner: null);
        }
    }

    /// <summary>The activity gave up at the end of the call, by a clock that may differ from that of the hub.</summary>
    private bool IsCutOff(TaskFailedException exception) =>
        _callEndsFirst && exception.FailureDetails.ErrorType == typeof(TimeoutException).FullName;

    private bool IsOver() => _context.CurrentUtcDateTime >= _deadline;

    private TimeoutException Late(Exception? inner) =>
        new($"{HttpActivity.Target(_request)}: the call was not over within its timeout of {_request.Timeout}.", inner);

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static void Check(DurableHttpRequest request)
    {
        if (request.Uri is not { IsAbsoluteUri: true } uri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"Uri: is '{request.Uri}', expected an absolute http or https address.", nameof(request));
        }

        if (request.Timeout <= TimeSpan.Zero)
        {
            throw new ArgumentException($"Timeout: is {request.Timeout}, expected more than zero, or null for none.", nameof(request));
        }

        if (request.HttpRetryOptions is { } retry && (retry.MaxNumberOfAttempts < 1 || retry.BackoffCoefficient < 1
            || (retry.MaxNumberOfAttempts > 1 && retry.FirstRetryInterval <= TimeSpan.Zero)))
        {
            throw new ArgumentException(
                $"HttpRetryOptions: MaxNumberOfAttempts is {retry.MaxNumberOfAttempts} (expected at least 1), BackoffCoefficient "
                + $"{retry.BackoffCoefficient} (at least 1), FirstRetryInterval {retry.FirstRetryInterval} (above zero where there may be "
                + "a second attempt).",
                nameof(request));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(100, LogLevel.Warning, "'{InstanceId}': {Target} was accepted (202) and cannot be polled: {Reason}.")]
        public static partial void NotPolled(ILogger logger, string instanceId, string target, string reason);
    }
}
