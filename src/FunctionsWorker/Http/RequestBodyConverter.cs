using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// The body of the request, by the JSON options of ASP.NET Core (camelCase). Serves <c>[FromBody]</c>, and the trigger parameter itself
/// when it is not the request.
/// </summary>
internal sealed class RequestBodyConverter : IInputConverter
{
    internal const string FromBodyMark = "fromBody";

    public async ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        // The payload of an HTTP trigger is its HttpContext. Any other parameter is the body only when it says so.
        bool isBody = context.Source is HttpContext || context.Properties.ContainsKey(FromBodyMark);
        if (!isBody || context.FunctionContext.GetHttpContext() is not { } http)
        {
            return ConversionResult.Unhandled();
        }

        return context.TargetType == typeof(string)
            ? ConversionResult.Success(await new StreamReader(http.Request.Body).ReadToEndAsync(http.RequestAborted))
            : await FromJsonAsync(http, context.TargetType);
    }

    private static async Task<ConversionResult> FromJsonAsync(HttpContext http, Type type)
    {
        JsonSerializerOptions options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        try
        {
            object? value = await JsonSerializer.DeserializeAsync(http.Request.Body, type, options, http.RequestAborted);
            return value is null
                ? ConversionResult.Failed(new FormatException($"The body is null, expected JSON of a {type.Name}."))
                : ConversionResult.Success(value);
        }
        catch (JsonException exception)
        {
            return ConversionResult.Failed(new FormatException($"The body is not JSON of a {type.Name}: {exception.Message}", exception));
        }
    }
}
