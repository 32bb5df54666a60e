using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>Puts each HTTP-triggered function on its route.</summary>
internal sealed class HttpFunctions(FunctionInvoker invoker, KeyGate gate)
{
    public void Map(IEndpointRouteBuilder endpoints, IEnumerable<HttpRoute> routes)
    {
        foreach (HttpRoute route in routes)
        {
            RequestDelegate guarded = gate.Guard(route.Trigger.AuthLevel, route.Function.Name, http => InvokeAsync(route.Function, http));
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
            BindingData = BindingDataOf(http),
            Services = http.RequestServices,
            CorrelationId = Correlation.IdOf(http),
            Prepare = context =>
            {
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
            return context.GetInvocationResult().Value;
        }
        catch
        {
            ErrorReplies.MarkLogged(http);
            throw;
        }
    }

    // The key came in by the query too; it is nobody's binding datum.
    private static Dictionary<string, object?> BindingDataOf(HttpContext http)
    {
        var data = http.Request.Query
            .Where(static q => !string.Equals(q.Key, "code", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(static q => q.Key, static q => (object?)q.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        foreach ((string name, object? value) in http.Request.RouteValues)
        {
            data[name] = value;
        }

        return data;
    }
}
