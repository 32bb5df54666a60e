using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The replies that several routes of the management API share.</summary>
internal static class ManagementReplies
{
    // Its own options: what an application sets for its own JSON must not change the names of this API.
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        // Addresses are to be copied from a terminal: their & stays one. The replies are no web pages.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Task JsonAsync<T>(HttpContext http, T value) =>
        http.Response.WriteAsJsonAsync(value, Options, http.RequestAborted);

    public static void Accepted(HttpContext http) => http.Response.StatusCode = StatusCodes.Status202Accepted;

    public static Task NotFoundAsync(HttpContext http, string what) =>
        Problems.WriteAsync(http, StatusCodes.Status404NotFound, "Not found", what);

    public static Task NoInstanceAsync(HttpContext http, string id) => NotFoundAsync(http, $"No instance matches '{id}'.");

    public static Task GoneAsync(HttpContext http, OrchestrationMetadata instance) => Problems.WriteAsync(
        http, StatusCodes.Status410Gone, "The instance has ended", $"Its status is {instance.RuntimeStatus}.");

    /// <summary>An instance: 202 with the address to ask again while it runs, then 200; 500 for a failed one where asked for.</summary>
    public static Task StatusAsync(HttpContext http, OrchestrationMetadata instance, InstanceStatus status)
    {
        bool failedIs500 = ManagementQuery.Flag(http, "returnInternalServerErrorOnFailure", fallback: false);
        if (!instance.IsCompleted)
        {
            http.Response.Headers.Location = http.Request.GetEncodedUrl();
            http.Response.Headers.RetryAfter = "5";
        }

        http.Response.StatusCode = !instance.IsCompleted ? StatusCodes.Status202Accepted
            : instance.RuntimeStatus == OrchestrationRuntimeStatus.Failed && failedIs500 ? StatusCodes.Status500InternalServerError
            : StatusCodes.Status200OK;
        return JsonAsync(http, status);
    }
}
