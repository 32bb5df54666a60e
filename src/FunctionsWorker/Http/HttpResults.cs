using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Sends what an HTTP function returned: IResult, IActionResult, HttpResponseData, text, or anything else as JSON. Nothing is 204.
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
                await Results.Text(text).ExecuteAsync(http);
                break;
            default:
                JsonSerializerOptions options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
                await http.Response.WriteAsJsonAsync(result, result.GetType(), options, http.RequestAborted);
                break;
        }
    }
}
