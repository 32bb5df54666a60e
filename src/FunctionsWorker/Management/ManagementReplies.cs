using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The replies that several routes of the management API share.</summary>
internal static class ManagementReplies
{
    private const int BytesPerFlush = 32 * 1024;

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
    /// <param name="address">That of the request, as its caller sees it.</param>
    public static Task StatusAsync(HttpContext http, string address, OrchestrationMetadata instance, InstanceStatus status)
    {
        Begin(http, address, instance);
        return JsonAsync(http, status);
    }

    /// <summary>
    /// The same with the history, which is sent as it comes. A history that fails before anything was sent is an error like any other; one
    /// that fails later ends the connection (<see cref="ErrorReplies"/>).
    /// </summary>
    public static async Task StatusAsync(
        HttpContext http,
        string address,
        OrchestrationMetadata instance,
        InstanceStatus status,
        IAsyncEnumerable<JsonObject> history)
    {
        // Not the response's own: what is written there before a failure would stand in front of the reply that says so.
        var waiting = new ArrayBufferWriter<byte>(2 * BytesPerFlush);
        await using var json = new Utf8JsonWriter(waiting, new JsonWriterOptions { Encoder = Options.Encoder });
        json.WriteStartObject();
        foreach ((string name, JsonNode? value) in JsonSerializer.SerializeToNode(status, Options)!.AsObject())
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value, Options);
        }

        json.WriteStartArray("historyEvents");
        await foreach (JsonObject item in history)
        {
            item.WriteTo(json, Options);
            if (json.BytesPending + waiting.WrittenCount >= BytesPerFlush)
            {
                await SendAsync();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await SendAsync();

        async Task SendAsync()
        {
            await json.FlushAsync(http.RequestAborted);
            if (!http.Response.HasStarted)
            {
                Begin(http, address, instance);
                http.Response.ContentType = "application/json; charset=utf-8";
            }

            await http.Response.Body.WriteAsync(waiting.WrittenMemory, http.RequestAborted);
            waiting.ResetWrittenCount();
        }
    }

    private static void Begin(HttpContext http, string address, OrchestrationMetadata instance)
    {
        bool failedIs500 = ManagementQuery.Flag(http, "returnInternalServerErrorOnFailure", fallback: false);
        if (!instance.IsCompleted)
        {
            http.Response.Headers.Location = address;
            http.Response.Headers.RetryAfter = "5";
        }

        http.Response.StatusCode = !instance.IsCompleted ? StatusCodes.Status202Accepted
            : instance.RuntimeStatus == OrchestrationRuntimeStatus.Failed && failedIs500 ? StatusCodes.Status500InternalServerError
            : StatusCodes.Status200OK;
    }
}
