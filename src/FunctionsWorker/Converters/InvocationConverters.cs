using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Http;

namespace Microsoft.Azure.Functions.Worker.Converters;

/// <summary>What belongs to the invocation itself: <see cref="FunctionContext"/> and its token.</summary>
[SupportedTargetType(typeof(FunctionContext))]
[SupportedTargetType(typeof(CancellationToken))]
internal sealed class InvocationConverter : IInputConverter
{
    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context) => ValueTask.FromResult(
        context.TargetType == typeof(FunctionContext) ? ConversionResult.Success(context.FunctionContext)
        : context.TargetType == typeof(CancellationToken) ? ConversionResult.Success(context.FunctionContext.CancellationToken)
        : ConversionResult.Unhandled());
}

/// <summary>The request in each of its forms, for HTTP-triggered functions.</summary>
[SupportedTargetType(typeof(HttpRequestData))]
[SupportedTargetType(typeof(HttpRequest))]
[SupportedTargetType(typeof(HttpContext))]
internal sealed class HttpRequestConverter : IInputConverter
{
    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context) =>
        context.TargetType == typeof(HttpRequestData) ? OfDataAsync(context.FunctionContext)
        : new(context.FunctionContext.GetHttpContext() is not { } http ? ConversionResult.Unhandled()
            : context.TargetType == typeof(HttpRequest) ? ConversionResult.Success(http.Request)
            : context.TargetType == typeof(HttpContext) ? ConversionResult.Success(http)
            : ConversionResult.Unhandled());

    private static async ValueTask<ConversionResult> OfDataAsync(FunctionContext context) =>
        await context.GetHttpRequestDataAsync() is { } request ? ConversionResult.Success(request) : ConversionResult.Unhandled();
}

/// <summary>A payload that already has the wanted type.</summary>
internal sealed class AssignableConverter : IInputConverter
{
    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context) => ValueTask.FromResult(
        context.Source is { } source && context.TargetType.IsInstanceOfType(source)
            ? ConversionResult.Success(source)
            : ConversionResult.Unhandled());
}
