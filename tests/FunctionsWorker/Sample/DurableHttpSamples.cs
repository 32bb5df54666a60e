using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.DurableTask;

namespace Heal.FunctionsWorker.Tests.Sample;

public static class DurableHttpSamples
{
    [Function("CallHttp")]
    public static Task<DurableHttpResponse> CallHttpAsync(
        [OrchestrationTrigger] TaskOrchestrationContext context, DurableHttpRequest request) =>
        context.CallHttpAsync(request);

    [Function("CallHttpInEachForm")]
    public static async Task<string> CallHttpInEachFormAsync([OrchestrationTrigger] TaskOrchestrationContext context, Uri uri)
    {
        DurableHttpResponse[] responses =
        [
            await context.CallHttpAsync(HttpMethod.Get, uri, "1", new HttpRetryOptions()),
            await context.CallHttpAsync(HttpMethod.Get, uri, "2", retryOptions: null, asynchronousPatternEnabled: true),
            await context.CallHttpAsync(HttpMethod.Get, uri, "3", timeout: TimeSpan.FromMinutes(1)),
            await context.CallHttpAsync(HttpMethod.Get, uri),
        ];
        return string.Join(',', responses.Select(static r => (int)r.StatusCode));
    }

    [Function("WhoRuns")]
    public static string WhoRuns([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.GetFunctionContext() is { } function
            ? $"{function.FunctionDefinition.Name} {function.BindingContext.BindingData["instanceId"]} {context.Version}"
            : "nobody";
}
