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
            Prepare = static (features, payload) =>
            {
                var http = (HttpContext)payload;
                features.Set(http);
                features.Set<IHttpRequestDataFeature>(new AspNetCoreRequestData.Feature(http));
            },
        };
        object? reply;
        try
        {
            reply = OutputValues.ReplyOf(await invoker.InvokeAsync(request, http.RequestAborted));
        }
        catch
        {
            ErrorReplies.MarkLogged(http);
            throw;
        }

        await HttpResults.SendAsync(http, reply);
    }
}
