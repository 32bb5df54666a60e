using System.Text.Json;
using Azure.Core.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Extensions.Http.Converters;

/// <summary>Reads the body for <c>[FromBody]</c>. A middleware may set another on <see cref="FunctionContext.Features"/>.</summary>
public interface IFromBodyConversionFeature
{
    /// <exception cref="FormatException">The body is not of the type; the caller is answered with 400.</exception>
    ValueTask<object?> ConvertAsync(FunctionContext context, Type targetType);
}

/// <summary>
/// Text as it is, anything else from JSON: with ASP.NET Core integration by its JSON options, without by
/// <see cref="WorkerOptions.Serializer"/>.
/// </summary>
internal sealed class FromBodyConversion : IFromBodyConversionFeature
{
    public static readonly FromBodyConversion Instance = new();

    public async ValueTask<object?> ConvertAsync(FunctionContext context, Type targetType)
    {
        HttpContext http = context.GetHttpContext()!;
        bool isReadAgain = context.FunctionDefinition.Parameters.Any(static p => p.Type == typeof(HttpRequestData));
        if (isReadAgain)
        {
            http.Request.EnableBuffering();
        }

        if (http.Request.Body.CanSeek)
        {
            http.Request.Body.Position = 0;
        }

        object? value = await ReadAsync(http, targetType);
        if (isReadAgain)
        {
            http.Request.Body.Position = 0;
        }

        return value;
    }

    private static async Task<object?> ReadAsync(HttpContext http, Type type)
    {
        if (type == typeof(string))
        {
            using var reader = new StreamReader(http.Request.Body, leaveOpen: true);
            return await reader.ReadToEndAsync(http.RequestAborted);
        }

        if (type == typeof(byte[]) || type == typeof(BinaryData))
        {
            BinaryData data = await BinaryData.FromStreamAsync(http.Request.Body, http.RequestAborted);
            return type == typeof(BinaryData) ? data : data.ToArray();
        }

        try
        {
            return await JsonAsync(http, type) ?? throw new FormatException($"The body is null, expected JSON of a {type.Name}.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The body is not JSON of a {type.Name}: {exception.Message}", exception);
        }
    }

    private static async ValueTask<object?> JsonAsync(HttpContext http, Type type)
    {
        IServiceProvider services = http.RequestServices;
        if (services.GetRequiredService<HostPlan>().HasWebApplication)
        {
            JsonSerializerOptions options = services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, options, http.RequestAborted);
        }

        ObjectSerializer serializer = services.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer!;
        if (serializer is JsonObjectSerializer)
        {
            return await serializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted);
        }

        // Whole, before it is read: what fails then is the text, not the connection.
        BinaryData body = await BinaryData.FromStreamAsync(http.Request.Body, http.RequestAborted);
        try
        {
            using Stream stream = body.ToStream();
            return await serializer.DeserializeAsync(stream, type, http.RequestAborted);
        }
        catch (Exception exception) when (ReadFaults.IsOfText(exception, serializer))
        {
            throw new FormatException($"The body is not JSON of a {type.Name}: {exception.Message}", exception);
        }
    }
}
