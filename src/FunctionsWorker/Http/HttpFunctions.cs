using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Outputs;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>Puts each HTTP-triggered function on its route.</summary>
internal sealed class HttpFunctions(FunctionInvoker invoker, KeyGate gate, RequestThrottle throttle, CustomHeaders headers)
{
    public void Map(IEndpointRouteBuilder endpoints, IEnumerable<HttpRoute> routes)
    {
        foreach (HttpRoute route in routes)
        {
            RequestDelegate limited = throttle.Guard(http => InvokeAsync(route.Function, http));
            RequestDelegate guarded = headers.Guard(gate.Guard(route.Trigger.AuthLevel, route.Function.Name, limited));
            IEndpointConventionBuilder endpoint = route.Trigger.Methods is { Length: > 0 } methods
                ? endpoints.MapMethods(route.Template, methods, guarded)
                : endpoints.Map(route.Pattern, guarded);
            endpoint.WithDisplayName($"function {route.Function.Name}");
        }
    }

    private async Task InvokeAsync(FunctionDescriptor function, HttpContext http)
    {
        var request = new InvocationRequest(function, http)
        {
            BindingData = new HttpBindingData(http.Request),
            ServicesOf = static payload => ((HttpContext)payload).RequestServices,
            CorrelationId = Correlation.IdOf(http),
            Prepare = static (context, payload) =>
            {
                var http = (HttpContext)payload;
                context.Features.Set(http);
                context.Features.Set<IHttpRequestDataFeature>(new AspNetCoreRequestData.Feature(http));
            },
        };
        await HttpResults.SendAsync(http, await ResultAsync(request, http));
    }

    private async Task<object?> ResultAsync(InvocationRequest request, HttpContext http)
    {
        try
        {
            FunctionContext context = await invoker.InvokeAsync(request, http.RequestAborted);
            return OutputValues.ReplyOf(context);
        }
        catch
        {
            ErrorReplies.MarkLogged(http);
            throw;
        }
    }
}
