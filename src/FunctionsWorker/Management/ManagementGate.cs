using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>
/// What is the same for every route of the management API: the system key, the hub that is asked for, and the replies to what goes wrong.
/// </summary>
internal sealed partial class ManagementGate(KeyGate gate, ManagementLinks links, ILogger<ManagementApi> logger)
{
    internal const string BadArgument = "One or more of the arguments submitted is incorrect";
    private const string Failed = "Something went wrong while processing your request";

    public RequestDelegate Guard(RequestDelegate reply) => gate.Guard(AuthorizationLevel.System, function: null, async http =>
    {
        try
        {
            RequireOwnHub(http);
            await reply(http);
        }
        catch (ArgumentException exception)
        {
            throw new BadHttpRequestException($"{BadArgument}: {exception.Message}", StatusCodes.Status400BadRequest, exception);
        }
        catch (TaskHubUnavailableException exception) when (!http.Response.HasStarted)
        {
            Log.HubAway(logger, http.Request.Method, http.Request.Path, Correlation.IdOf(http), exception.Message);
            http.Response.Clear();
            await HubAway.WriteAsync(http);
        }
        catch (Exception exception) when (exception is not (BadHttpRequestException or OperationCanceledException)
            && !http.Response.HasStarted)
        {
            Log.Failed(logger, exception, http.Request.Method, http.Request.Path, Correlation.IdOf(http));
            // What the client objects to is written for its caller; any other failure may tell of the inside.
            string reason = exception is InvalidOperationException or NotSupportedException
                ? exception.Message
                : "The reason is in the log of the host, under the correlation id.";
            http.Response.Clear();
            await Problems.WriteAsync(http, StatusCodes.Status500InternalServerError, Failed, $"{Failed}: {reason}");
        }
    });

    private void RequireOwnHub(HttpContext http)
    {
        Require("taskHub", links.TaskHub);
        Require("connection", links.Connection);

        void Require(string name, string own)
        {
            if (ManagementQuery.Text(http, name) is { } asked && !string.Equals(asked, own, StringComparison.OrdinalIgnoreCase))
            {
                throw new BadHttpRequestException($"{name}: is '{asked}', expected '{own}': "
                    + "this host serves the hub of its host.json only. Leave it out, or ask the host of the other hub.");
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(113, LogLevel.Warning, "Management API: {Method} {Path} answered with 503 (correlation {CorrelationId}): {Reason}")]
        public static partial void HubAway(ILogger logger, string method, PathString path, string correlationId, string reason);

        [LoggerMessage(92, LogLevel.Error, "Management API: {Method} {Path} failed (correlation {CorrelationId})")]
        public static partial void Failed(ILogger logger, Exception exception, string method, PathString path, string correlationId);
    }
}
