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
                http.Response.ContentType = "application/json; charset=utf-8";
                ObjectSerializer serializer = http.RequestServices.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer!;
                return serializer.SerializeAsync(http.Response.Body, result, result.GetType(), http.RequestAborted).AsTask();
            default:
                JsonSerializerOptions options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
                return http.Response.WriteAsJsonAsync(result, result.GetType(), options, http.RequestAborted);
        }
    }
}
