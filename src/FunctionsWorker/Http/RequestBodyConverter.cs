using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Http.Converters;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>The body of the request. Serves <c>[FromBody]</c>, and the trigger parameter itself when it is not the request.</summary>
internal sealed class RequestBodyConverter : IInputConverter
{
    internal const string FromBodyMark = "fromBody";

    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        // The payload of an HTTP trigger is its HttpContext. Any other parameter is the body only when it says so.
        bool isBody = context.Source is HttpContext || context.Properties.ContainsKey(FromBodyMark);
        return isBody && context.FunctionContext.GetHttpContext() is not null
            ? ReadAsync(context)
            : ValueTask.FromResult(ConversionResult.Unhandled());
    }

    private static async ValueTask<ConversionResult> ReadAsync(ConverterContext context)
    {
        IFromBodyConversionFeature feature =
            context.FunctionContext.Features.Get<IFromBodyConversionFeature>() ?? FromBodyConversion.Instance;
        try
        {
            return ConversionResult.Success(await feature.ConvertAsync(context.FunctionContext, context.TargetType));
        }
        catch (FormatException exception)
        {
            return ConversionResult.Failed(exception);
        }
    }
}
