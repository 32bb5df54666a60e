using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionContextLoggerExtensions
{
    public static ILogger<T> GetLogger<T>(this FunctionContext context) =>
        context.InstanceServices.GetRequiredService<ILogger<T>>();

    public static ILogger GetLogger(this FunctionContext context, string categoryName) =>
        context.InstanceServices.GetRequiredService<ILoggerFactory>().CreateLogger(categoryName);
}

public static class FunctionContextExtensions
{
    /// <summary>The ASP.NET Core context of an HTTP-triggered invocation; null for every other trigger.</summary>
    public static HttpContext? GetHttpContext(this FunctionContext context) =>
        context is DefaultFunctionContext own ? own.Http : context.Features.Get<HttpContext>();
}

public static class FunctionContextHttpRequestExtensions
{
    /// <summary>The request of an HTTP-triggered invocation; null for every other trigger.</summary>
    public static ValueTask<HttpRequestData?> GetHttpRequestDataAsync(this FunctionContext context) =>
        context.Features.Get<IHttpRequestDataFeature>() is { } feature
            ? Some(feature.GetHttpRequestDataAsync(context))
            : ValueTask.FromResult<HttpRequestData?>(null);

    /// <summary>The response that the function has returned so far, as a whole or in a property; null when it is none.</summary>
    public static HttpResponseData? GetHttpResponseData(this FunctionContext context) =>
        context.GetInvocationResult().Value as HttpResponseData
        ?? context.GetOutputBindings<HttpResponseData>().FirstOrDefault()?.Value;

    private static async ValueTask<HttpRequestData?> Some(ValueTask<HttpRequestData> request) => await request;
}
