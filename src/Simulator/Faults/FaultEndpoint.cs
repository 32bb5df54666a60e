using System.Text.Json;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Faults;

/// <summary>
/// <c>/simulator/faults</c>: GET lists, POST adds one (see <see cref="FaultDescription"/>), DELETE removes all, DELETE with a name one.
/// </summary>
internal sealed class FaultEndpoint(FaultBook book)
{
    public async Task HandleAsync(HttpContext http, string[] segments)
    {
        switch (http.Request.Method, segments.Length)
        {
            case ("GET", 2):
                await WriteAsync(http, 200, book.All());
                break;
            case ("POST", 2):
                await WriteAsync(http, 201, book.Add(await ReadAsync(http)));
                break;
            case ("DELETE", 2):
                book.Clear();
                http.Response.StatusCode = 204;
                break;
            case ("DELETE", 3) when book.Remove(segments[2]):
                http.Response.StatusCode = 204;
                break;
            case ("DELETE", 3):
                throw new ApiException(404, "NotFound", $"fault '{segments[2]}' not found; GET /simulator/faults lists them");
            default:
                throw ApiException.MethodNotAllowed();
        }
    }

    private static async Task<FaultDescription> ReadAsync(HttpContext http)
    {
        var body = await BodyReader.ReadJsonAsync(http);
        try
        {
            return body.Deserialize<FaultDescription>(FaultDescription.JsonOptions)
                ?? throw ApiException.BadRequest("invalid fault: the body is empty");
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"invalid fault: {e.Message}");
        }
    }

    private static Task WriteAsync(HttpContext http, int code, object value)
    {
        var node = JsonSerializer.SerializeToNode(value, FaultDescription.JsonOptions);
        return Responses.JsonAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(node, Wire.Options));
    }
}
