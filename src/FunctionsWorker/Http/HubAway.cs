using Microsoft.AspNetCore.Http;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>The reply to a request that needs the task hub while that is out of reach: 503, ask again.</summary>
internal static class HubAway
{
    /// <summary>Seconds. The hub itself is tried every second.</summary>
    private const string RetryAfter = "5";

    /// <summary>Whether a durable client said it, and nobody on the way here made something else of it.</summary>
    public static bool IsCauseOf(Exception? exception) => exception switch
    {
        null => false,
        TaskHubUnavailableException => true,
        _ => IsCauseOf(exception.InnerException),
    };

    public static Task WriteAsync(HttpContext http)
    {
        http.Response.Headers.RetryAfter = RetryAfter;
        return Problems.WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "The task hub is out of reach",
            "The storage of the durable functions does not answer at the moment. What this request asked for may have been stored or not: "
                + $"ask again in {RetryAfter} s, and start an orchestration with the same instance id.");
    }
}
