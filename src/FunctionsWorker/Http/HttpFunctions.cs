using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Outputs;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// Puts each HTTP-triggered function on its route. The endpoint is as the official worker makes it, for middleware that asks the request
/// for it: named as the function, with the methods as its only metadata.
/// </summary>
internal sealed class HttpFunctions(FunctionInvoker invoker, KeyGate gate, RequestThrottle throttle, CustomHeaders headers)
{
    public void Map(IEndpointRouteBuilder endpoints, IEnumerable<HttpRoute> routes) =>
        endpoints.DataSources.Add(new DefaultEndpointDataSource(routes.Select(EndpointOf)));

    private RouteEndpoint EndpointOf(HttpRoute route)
    {
        RequestDelegate limited = throttle.Guard(http => InvokeAsync(route.Function, http));
        RequestDelegate guarded = headers.Guard(gate.Guard(route.Trigger.AuthLevel, route.Function.Name, limited));
        var tag = new KeyValuePair<string, object?>("http.route", route.Template);
        var methods = new HttpMethodMetadata(route.Trigger.Methods ?? []);
        return new(Tagged, route.Pattern, order: 0, new EndpointMetadataCollection(methods), route.Function.Name);

        // The web server's metrics would have the route from the metadata.
        Task Tagged(HttpContext http)
        {
            http.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(tag);
            return guarded(http);
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
