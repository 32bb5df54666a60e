using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Turns what went wrong into a problem reply: a caller's fault into its 4xx, a time limit into 504, what the stop of this host has cut
/// short or a task hub out of reach into 503, everything else into a 500 that names the correlation id only. What fails after its reply
/// has begun loses its connection, so that the caller sees that it has not got all.
/// </summary>
internal sealed partial class ErrorReplies(RequestDelegate next, HostDrain drain, ILogger<ErrorReplies> logger)
{
    private static readonly object Logged = new();

    /// <summary>Says that the failure of this request is in the log already, with its cause.</summary>
    public static void MarkLogged(HttpContext http) => http.Items[Logged] = Logged;

    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            Log.CallerLeft(logger, http.Request.Method, http.Request.Path);
            return;
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            await ReplyAsync(http, exception);
            return;
        }
        catch (Exception exception)
        {
            // The status is sent, and was a good one: what has come must not pass for the whole.
            Log.BrokenOff(logger, http.Items.ContainsKey(Logged) ? null : exception, http.Request.Method, http.Request.Path,
                Correlation.IdOf(http));
            http.Abort();
            return;
        }

        if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
        {
            await DescribeAsync(http);
        }
    }

    private async Task ReplyAsync(HttpContext http, Exception exception)
    {
        http.Response.Clear();
        if (exception is not (BadHttpRequestException or CallerInputException) && !http.Items.ContainsKey(Logged))
        {
            Log.Unhandled(logger, exception, http.Request.Method, http.Request.Path, Correlation.IdOf(http));
        }

        switch (exception)
        {
            case BadHttpRequestException bad:
                string title = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body is too large"
                    : "The request is not valid";
                await Problems.WriteAsync(http, bad.StatusCode, title, bad.Message);
                break;
            case CallerInputException bad:
                await Problems.WriteAsync(http, StatusCodes.Status400BadRequest, "The request is not valid", bad.Message);
                break;
            case FunctionTimeoutException timeout:
                if (!timeout.StillRunning.IsCompleted)
                {
                    // The function may still hold this request; the next one on the connection would come in its place.
                    http.Response.Headers.Connection = "close";
                }

                await Problems.WriteAsync(http, StatusCodes.Status504GatewayTimeout, "The function took too long",
                    "It was cancelled by a time limit. Ask for less, or raise functionTimeout in host.json.");
                break;
            case OperationCanceledException when drain.HasCutShort(exception):
                await Problems.WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "The host stops",
                    "The function was cancelled, because this host stops. It may have done part of its work.");
                break;
            case var _ when HubAway.IsCauseOf(exception):
                await HubAway.WriteAsync(http);
                break;
            default:
                await Problems.WriteAsync(http, StatusCodes.Status500InternalServerError, "The function failed",
                    "The reason is in the log of the host, under the correlation id.");
                break;
        }
    }

    private static Task DescribeAsync(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound when http.GetEndpoint() is null => Problems.WriteAsync(http, 404, "Not found",
            $"No function answers {http.Request.Method} on this path. The log of the host lists all functions with their URLs."),
        StatusCodes.Status405MethodNotAllowed => Problems.WriteAsync(http, 405, "Method not allowed",
            $"Expected {http.Response.Headers.Allow}, got {http.Request.Method}."),
        _ => Task.CompletedTask,
    };

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Error, "{Method} {Path} failed (correlation {CorrelationId})")]
        public static partial void Unhandled(ILogger logger, Exception exception, string method, PathString path, string correlationId);

        [LoggerMessage(22, LogLevel.Error,
            "{Method} {Path} failed after its reply had begun: the connection is closed, for the caller to see that the reply is not whole "
            + "(correlation {CorrelationId})")]
        public static partial void BrokenOff(
            ILogger logger, Exception? exception, string method, PathString path, string correlationId);

        [LoggerMessage(21, LogLevel.Debug, "{Method} {Path}: the caller left before the reply")]
        public static partial void CallerLeft(ILogger logger, string method, PathString path);
    }
}
