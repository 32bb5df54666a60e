using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Sends what an HTTP function returned: IResult, IActionResult, HttpResponseData, text, or anything else as JSON (by the options of
/// ASP.NET Core when the application is integrated with it, else by <see cref="WorkerOptions.Serializer"/>, indented). Nothing is 204.
/// </summary>
internal static class HttpResults
{
    // Indented, and text as it is: so the Azure host writes out what a worker hands over to it.
    private static readonly JsonWriterOptions AsTheAzureHost = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Task SendAsync(HttpContext http, object? result)
    {
        switch (result)
        {
            case null:
                if (http.Response is { HasStarted: false, StatusCode: StatusCodes.Status200OK })
                {
                    http.Response.StatusCode = StatusCodes.Status204NoContent;
                }

                return Task.CompletedTask;
            case IResult minimal:
                return minimal.ExecuteAsync(http);
            case IActionResult action:
                return action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor()));
            case HttpResponseData response:
                return AspNetCoreResponseData.SendAsync(response, http);
            case string text:
                http.Response.ContentType ??= "text/plain; charset=utf-8";
                http.Response.ContentLength = Encoding.UTF8.GetByteCount(text);
                return http.Response.WriteAsync(text, Encoding.UTF8, http.RequestAborted);
            case var _ when !http.RequestServices.GetRequiredService<HostPlan>().HasWebApplication:
                return SendJsonAsync(http, result);
            default:
                JsonSerializerOptions options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
                return http.Response.WriteAsJsonAsync(result, result.GetType(), options, http.RequestAborted);
        }
    }

    private static async Task SendJsonAsync(HttpContext http, object result)
    {
        ObjectSerializer serializer = http.RequestServices.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer!;
        BinaryData json = await serializer.SerializeAsync(result, result.GetType(), http.RequestAborted);
        http.Response.ContentType = "application/json; charset=utf-8";
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json.ToMemory());
        }
        catch (JsonException)
        {
            // A serializer of the application's own may write something else, or deeper than we read.
            await http.Response.BodyWriter.WriteAsync(json.ToMemory(), http.RequestAborted);
            return;
        }

        using (document)
        using (var writer = new Utf8JsonWriter(http.Response.BodyWriter, AsTheAzureHost))
        {
            document.RootElement.WriteTo(writer);
        }
    }
}
