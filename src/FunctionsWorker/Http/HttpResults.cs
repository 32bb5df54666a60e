using System.Text;
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
/// ASP.NET Core when the application is integrated with it, else by <see cref="WorkerOptions.Serializer"/>). Nothing is 204.
/// </summary>
internal static class HttpResults
{
    public static async Task SendAsync(HttpContext http, object? result)
    {
        switch (result)
        {
            case null:
                if (http.Response is { HasStarted: false, StatusCode: StatusCodes.Status200OK })
                {
                    http.Response.StatusCode = StatusCodes.Status204NoContent;
                }

                break;
            case IResult minimal:
                await minimal.ExecuteAsync(http);
                break;
            case IActionResult action:
                await action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor()));
                break;
            case HttpResponseData response:
                await AspNetCoreResponseData.SendAsync(response, http);
                break;
            case string text:
                http.Response.ContentType ??= "text/plain; charset=utf-8";
                http.Response.ContentLength = Encoding.UTF8.GetByteCount(text);
                await http.Response.WriteAsync(text, Encoding.UTF8, http.RequestAborted);
                break;
            case var _ when !http.RequestServices.GetRequiredService<HostPlan>().HasWebApplication:
                http.Response.ContentType = "application/json; charset=utf-8";
                ObjectSerializer serializer = http.RequestServices.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer!;
                await serializer.SerializeAsync(http.Response.Body, result, result.GetType(), http.RequestAborted);
                break;
            default:
                JsonSerializerOptions options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
                await http.Response.WriteAsJsonAsync(result, result.GetType(), options, http.RequestAborted);
                break;
        }
    }
}
